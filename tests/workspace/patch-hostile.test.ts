/** makePatch on hostile results: nothing runs, nothing is followed, nothing is waited for or written. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { diffTrees, digestTree } from '../../src/witness/tree.ts';
import { discard, freshFolder, makeDeep, makeHostile } from '../witness/hostile-tree.ts';
import { apply, build, entriesOf, file, LIMITS, patchOf } from './planned-trees.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

let root: string;

beforeEach(() => {
  root = freshFolder();
});
afterEach(() => {
  vi.unstubAllEnvs();
  discard(root);
});

describe('R9: a hostile result', () => {
  const canary = () => join(root, 'canary');

  function evilScript(): string {
    const script = join(root, 'evil.sh');
    writeFileSync(script, `#!/bin/sh\necho ran >> ${canary()}\ncat "$1" 2>/dev/null\n`, { mode: 0o755 });
    return script;
  }

  /** Everything git can be made to run, in a configuration that names the script each time. */
  function evilConfig(script: string): string {
    return `[core]
\tfsmonitor = ${script}
\thooksPath = ${join(root, 'hooks')}
\tattributesFile = ${join(root, 'attributes')}
\tpager = ${script}
\tsshCommand = ${script}
\talternateRefsCommand = ${script}
[diff]
\texternal = ${script}
[diff "evil"]
\tcommand = ${script}
\ttextconv = ${script}
[filter "evil"]
\tclean = ${script}
\tsmudge = ${script}
\tprocess = ${script}
[pager]
\tdiff = ${script}
[include]
\tpath = ${join(root, 'included')}
`;
  }

  it('makes nothing run: hooks, fsmonitor, external diff, textconv, filters, includes, alternates, attributes', async () => {
    const script = evilScript();
    const [before, after] = [join(root, 'before'), join(root, 'after')];
    build(before, new Map([['a.txt', file('one\n')]]));
    build(
      after,
      new Map([
        ['a.txt', file('two\n')],
        ['.gitattributes', file('* diff=evil filter=evil text eol=crlf\n*.txt -diff\n')],
      ]),
    );
    for (const folder of [after, join(after, 'sub')]) {
      mkdirSync(join(folder, '.git', 'hooks'), { recursive: true });
      mkdirSync(join(folder, '.git', 'objects', 'info'), { recursive: true });
      mkdirSync(join(folder, '.git', 'refs'), { recursive: true });
      mkdirSync(join(folder, '.git', 'info'), { recursive: true });
      writeFileSync(join(folder, '.git', 'HEAD'), 'ref: refs/heads/main\n');
      writeFileSync(
        join(folder, '.git', 'config'),
        `[core]\n\trepositoryFormatVersion = 0\n${evilConfig(script)}`,
      );
      writeFileSync(join(folder, '.git', 'info', 'attributes'), '* diff=evil filter=evil\n');
      writeFileSync(join(folder, '.git', 'objects', 'info', 'alternates'), `${root}/elsewhere\n`);
      for (const hook of ['pre-commit', 'post-index-change', 'fsmonitor-watchman', 'post-checkout']) {
        writeFileSync(join(folder, '.git', 'hooks', hook), readFileSync(script), { mode: 0o755 });
      }
    }
    const untouched = (await digestTree(root, LIMITS)).digest;
    vi.stubEnv('GIT_DIR', join(after, '.git'));
    vi.stubEnv('GIT_EXTERNAL_DIFF', script);
    vi.stubEnv('GIT_CONFIG_GLOBAL', join(after, '.git', 'config'));
    vi.stubEnv('GIT_CONFIG_PARAMETERS', `'diff.external'='${script}'`);
    vi.stubEnv('GIT_PAGER', script);
    const patch = await patchOf(before, after);
    expect(existsSync(canary())).toBe(false);
    const text = readFileSync(join(root, 'patch.diff'), 'utf8');
    // Neither "-diff" nor "eol=crlf" of the planted attributes has an effect.
    expect(text).toMatch(/^-one\n\+two$/m);
    expect(patch.inexpressible.every((path) => path.startsWith('sub'))).toBe(true);
    discard(join(root, 'patch.diff'));
    expect((await digestTree(root, LIMITS)).digest).toBe(untouched);
  });

  it('R9: would make git run the script, were git let near it: the trap is a real one', () => {
    const script = evilScript();
    const after = join(root, 'after');
    build(after, new Map([['a.txt', file('two\n')]]));
    const env = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', HOME: root };
    execFileSync('git', ['init', '-q'], { cwd: after, env });
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', 'add', '.'], { cwd: after, env });
    writeFileSync(
      join(after, '.git', 'config'),
      `[core]\n\trepositoryFormatVersion = 0\n${evilConfig(script)}`,
    );
    writeFileSync(join(after, 'a.txt'), 'three\n');
    execFileSync('git', ['diff'], { cwd: after, env, stdio: 'ignore' });
    expect(existsSync(canary())).toBe(true);
  });

  it('may hold a .git file that names another repository: it is left alone', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(
      join(root, 'after'),
      new Map([
        ['a', file('y\n')],
        ['.git', file(`gitdir: ${root}/elsewhere\n`)],
      ]),
    );
    const patch = await patchOf(join(root, 'before'), join(root, 'after'));
    expect(patch).toMatchObject({ files: 1, inexpressible: [], problem: null });
    expect(existsSync(join(root, 'elsewhere'))).toBe(false);
  });

  it('may hold every kind of trap: FIFOs, sockets, loops, depth and names; none is followed or waited for', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(join(root, 'after'), new Map([['a', file('y\n')]]));
    await makeHostile(join(root, 'after'));
    const patch = await patchOf(join(root, 'before'), join(root, 'after'));
    expect(patch.inexpressible).toEqual(expect.arrayContaining(['fifo', 'socket', 'sparse']));
    const text = readFileSync(join(root, 'patch.diff'), 'latin1');
    expect(text).toContain('+/etc/passwd');
    expect(text).not.toContain('root:x:0');
    expect(text).toContain('"b/names/new\\nline"');
    apply(join(root, 'before'));
    const left = diffTrees(await entriesOf(join(root, 'before')), await entriesOf(join(root, 'after')));
    expect(left.map((change) => change.path).filter((path) => !patch.inexpressible.includes(path))).toEqual(
      [],
    );
  });

  it('may nest 10,000 folders: what is too deep for a patch is listed', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(join(root, 'after'), new Map([['a', file('y\n')]]));
    makeDeep(join(root, 'after'), 10_000);
    const patch = await patchOf(join(root, 'before'), join(root, 'after'));
    expect(patch).toMatchObject({ files: 1, problem: null });
    expect(patch.inexpressible).toHaveLength(10_001);
  }, 120_000);

  it('is never written to, nor is the pristine copy', async () => {
    const [before, after] = [join(root, 'before'), join(root, 'after')];
    build(before, new Map([['a', file('x\n')]]));
    build(
      after,
      new Map([
        ['a', file('y\n')],
        ['b', file('z')],
      ]),
    );
    const state = () =>
      [before, after].flatMap((folder) =>
        ['', 'a'].map((name) => statSync(join(folder, name), { bigint: true }).ctimeNs),
      );
    const untouched = state();
    await patchOf(before, after);
    expect(state()).toEqual(untouched);
  });
});
