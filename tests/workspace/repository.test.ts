/** The repository an engine finds: the same commit anywhere, and nothing of the host in it. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { copyFixture } from '../../src/workspace/copy.ts';
import { initRepository } from '../../src/workspace/repository.ts';
import { discard, freshFolder, OWNER } from '../witness/hostile-tree.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

/** As small as the workspace of these tests is, beside a limit that nothing here comes near. */
const FEW = { entries: 5, bytes: 50, maxBytes: 1 << 30 };
let root: string;
let dir: string;

beforeEach(() => {
  root = freshFolder();
  dir = join(root, 'w');
  mkdirSync(join(dir, 'src'), { recursive: true });
  writeFileSync(join(dir, 'src', 'a.js'), 'a\r\n');
  writeFileSync(join(dir, '.gitignore'), '*.log\n');
  writeFileSync(join(dir, '.gitattributes'), '* text=auto filter=evil diff=evil\n');
  writeFileSync(join(dir, 'kept.log'), 'log');
});
afterEach(() => {
  vi.unstubAllEnvs();
  discard(root);
});

function git(...args: string[]): string {
  const env = {
    PATH: process.env.PATH,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_DIR: join(dir, '.git'),
    GIT_WORK_TREE: dir,
  };
  return execFileSync('git', args, { cwd: dir, env, encoding: 'utf8' }).trim();
}

describe('the repository in the workspace', () => {
  it('holds one commit of everything on the branch main, and its status is clean', async () => {
    const commit = await initRepository(dir, OWNER, FEW);
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(git('rev-list', '--all')).toBe(commit);
    expect(git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(git('status', '--porcelain')).toBe('');
    expect(git('ls-files').split('\n').sort()).toEqual([
      '.gitattributes',
      '.gitignore',
      'kept.log',
      'src/a.js',
    ]);
    expect(git('log', '-1', '--format=%an %ae %at %cn %ct')).toBe(
      'proofbox proofbox@localhost 946684800 proofbox 946684800',
    );
  });

  it('has the same commit for the same files elsewhere', async () => {
    const other = join(root, 'other');
    await copyFixture(dir, other, OWNER);
    expect(await initRepository(other, OWNER, FEW)).toBe(await initRepository(dir, OWNER, FEW));
  });

  it.each([
    ['few small files', FEW, { packs: 1, isPlain: true }],
    ['more files than a pack is quick for', { ...FEW, entries: 20_001 }, { packs: 0, isPlain: true }],
    ['large files', { ...FEW, bytes: 5 << 20 }, { packs: 0, isPlain: true }],
    ['a limit that is near', { ...FEW, bytes: 50_000, maxBytes: 199_999 }, { packs: 1, isPlain: false }],
    ['both', { entries: 20_001, bytes: 5 << 30, maxBytes: 6 << 30 }, { packs: 0, isPlain: false }],
  ])('is the same commit for %s, however git keeps it', async (_, volume, expected) => {
    // What git would convert on its way in, it never puts into a pack.
    writeFileSync(join(dir, '.gitattributes'), '');
    writeFileSync(join(dir, 'src', 'long.txt'), 'over and over again\n'.repeat(2_000));
    const other = join(root, 'other');
    await copyFixture(dir, other, OWNER);
    expect(await initRepository(dir, OWNER, volume)).toBe(await initRepository(other, OWNER, FEW));
    expect(git('status', '--porcelain')).toBe('');
    const kept = git('count-objects', '-v');
    const of = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(kept)?.[1]);
    expect(of('packs')).toBe(expected.packs);
    expect(of('size') + of('size-pack') >= 40).toBe(expected.isPlain);
    expect(git('fsck', '--strict')).toBe('');
  });

  it('takes nothing from the host: no configuration, template, hook, filter or variable', async () => {
    const canary = join(root, 'canary');
    const script = join(root, 'evil');
    writeFileSync(script, `#!/bin/sh\ntouch ${canary}\ncat\n`);
    chmodSync(script, 0o755);
    mkdirSync(join(root, 'template', 'hooks'), { recursive: true });
    writeFileSync(join(root, 'template', 'hooks', 'post-commit'), `#!/bin/sh\ntouch ${canary}\n`, {
      mode: 0o755,
    });
    mkdirSync(join(root, 'home'));
    writeFileSync(
      join(root, 'home', '.gitconfig'),
      `[user]\nname = host\n[core]\nhooksPath = ${join(root, 'template', 'hooks')}\nfsmonitor = ${script}\n[init]\ntemplateDir = ${join(root, 'template')}\ndefaultBranch = host\n[filter "evil"]\nclean = ${script}\nrequired = true\n[commit]\ngpgSign = true\n[gpg]\nprogram = ${script}\n`,
    );
    const plain = await initRepository(dir, OWNER, FEW);
    discard(join(dir, '.git'));
    vi.stubEnv('HOME', join(root, 'home'));
    vi.stubEnv('GIT_CONFIG_GLOBAL', join(root, 'home', '.gitconfig'));
    vi.stubEnv('GIT_TEMPLATE_DIR', join(root, 'template'));
    vi.stubEnv('GIT_AUTHOR_NAME', 'host');
    vi.stubEnv('GIT_INDEX_FILE', join(root, 'index'));
    vi.stubEnv('GIT_TRACE', join(root, 'trace'));
    expect(await initRepository(dir, OWNER, FEW)).toBe(plain);
    expect(existsSync(canary)).toBe(false);
    expect(readdirSync(root).sort()).toEqual(['evil', 'home', 'template', 'w']);
    expect(existsSync(join(dir, '.git', 'hooks'))).toBe(false);
    expect(readFileSync(join(dir, '.git', 'config'), 'utf8')).not.toMatch(/host|evil/);
  });

  it('belongs to the cage user, every part of it', async () => {
    await initRepository(dir, OWNER, FEW);
    const parts = ['', ...(readdirSync(join(dir, '.git'), { recursive: true }) as string[])];
    expect(parts.length).toBeGreaterThan(10);
    for (const part of parts) expect(lstatSync(join(dir, '.git', part))).toMatchObject(OWNER);
  });

  it('is not made where one stands already', async () => {
    await initRepository(dir, OWNER, FEW);
    await expect(initRepository(dir, OWNER, FEW)).rejects.toThrow(/exists already/);
  });
});
