/** The host watcher: ready before, drained after, never in the way of a hostile engine's tricks. */
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WatchRecord } from '../../src/schema/tree.ts';
import { startWatcher, type Watcher } from '../../src/witness/watcher.ts';
import { discard, freshFolder, makeDeep, makeHostile, NASTY_NAMES } from './hostile-tree.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

/** Makes files as fast as an engine can whose every call is recorded. */
const MANY = `
import os, sys
root, files, folders = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for n in range(files):
    d = f'{root}/d{n % folders}'
    if n < folders: os.mkdir(d)
    open(f'{d}/{n}', 'w').close()
    for _ in range(1000): pass
`;
const ALTERNATE = `
import sys
files = [open(f'{sys.argv[1]}/{name}', 'w', buffering=1) for name in 'ab']
for n in range(int(sys.argv[2])): files[n % 2].write('x\\n')
`;

const NONCE = 'ab'.repeat(16);
let root: string;
let workspace: string;
let artifacts: string;
let time: number;

beforeEach(() => {
  root = freshFolder();
  workspace = join(root, 'workspace');
  artifacts = join(root, 'artifacts');
  mkdirSync(workspace);
  mkdirSync(artifacts);
  time = 0;
});
afterEach(() => {
  discard(root);
});

function start(): Promise<Watcher> {
  return startWatcher({
    workspace,
    artifacts,
    clock: () => time++,
    spoolFile: join(root, 'watch.jsonl'),
    nonce: NONCE,
  });
}

function records(): WatchRecord[] {
  const lines = readFileSync(join(root, 'watch.jsonl'), 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => WatchRecord.parse(JSON.parse(line)));
}

const names = () =>
  readFileSync(join(root, 'watch.jsonl'), 'utf8')
    .split('\n')
    .slice(1, -1)
    .map((line) => (JSON.parse(line) as WatchRecord).path)
    .filter((path) => path !== '');

const seen = () =>
  records()
    .slice(1, -1)
    .map((one) => [one.event, one.root, one.path]);

describe('the host watcher', () => {
  it('begins with ready and the nonce, ends with drained, and counts every line', async () => {
    writeFileSync(join(workspace, 'old'), 'x');
    const watcher = await start();
    writeFileSync(join(workspace, 'new'), 'x');
    expect(await watcher.drain()).toEqual({ records: 3, errors: 0 });
    expect(records()).toMatchObject([
      { seq: 1, event: 'ready', root: 'none', path: '', nonce: NONCE },
      { seq: 2, event: 'add', root: 'workspace', path: 'new' },
      { seq: 3, event: 'drained', root: 'none', path: '' },
    ]);
    expect(records().filter((one) => one.nonce !== undefined)).toHaveLength(1);
  });

  it('sees in both folders what is made, changed and removed, up to the moment before it is drained', async () => {
    mkdirSync(join(workspace, 'src'));
    for (const name of ['kept', 'changed', 'removed']) writeFileSync(join(workspace, 'src', name), 'x');
    const watcher = await start();
    writeFileSync(join(workspace, 'src', 'changed'), 'longer');
    rmSync(join(workspace, 'src', 'removed'));
    mkdirSync(join(artifacts, 'backend', 'tmp'), { recursive: true });
    writeFileSync(join(artifacts, 'backend', 'tmp', 'last'), 'x');
    await watcher.drain();
    expect(seen()).toEqual(
      expect.arrayContaining([
        ['change', 'workspace', 'src/changed'],
        ['unlink', 'workspace', 'src/removed'],
        ['addDir', 'artifacts', 'backend'],
        ['add', 'artifacts', 'backend/tmp/last'],
      ]),
    );
    expect(seen().some(([, , path]) => path === 'src/kept')).toBe(false);
  });

  it('follows no link: nothing behind one is watched or listed', async () => {
    mkdirSync(join(root, 'outside'));
    writeFileSync(join(root, 'outside', 'secret'), 'x');
    symlinkSync('../outside', join(workspace, 'before'));
    const watcher = await start();
    symlinkSync('../outside', join(workspace, 'link'));
    symlinkSync('loop', join(workspace, 'loop'));
    symlinkSync('..', join(workspace, 'up'));
    writeFileSync(join(root, 'outside', 'secret'), 'changed');
    await watcher.drain();
    expect(
      seen()
        .map(([, , path]) => path)
        .filter((path) => path?.includes('/') || path?.includes('secret')),
    ).toEqual([]);
  });

  it('outlives FIFOs, sockets, sparse files, loops, odd names and depth, and says what it cannot see', async () => {
    const watcher = await start();
    await makeHostile(workspace);
    const { errors } = await watcher.drain();
    expect(errors).toBe(1);
    const list = records();
    expect(list.at(-1)?.event).toBe('drained');
    expect(list.filter((one) => one.event === 'error').map((one) => one.message)).toEqual([
      'folders deeper than 64 levels are not watched',
    ]);
    const names = new Set(list.map((one) => one.path));
    for (const name of NASTY_NAMES.filter((bytes) => Buffer.from(bytes.toString('utf8')).equals(bytes)))
      expect(names).toContain(`names/${name}`);
    expect([...names].some((path) => path.startsWith('outside/') || path.startsWith('self/'))).toBe(false);
  }, 60_000);

  it('outlives 10,000 files and 10,000 nested folders', async () => {
    const watcher = await start();
    mkdirSync(join(workspace, 'many'));
    for (let name = 0; name < 10_000; name += 1) writeFileSync(join(workspace, 'many', String(name)), '');
    makeDeep(workspace, 10_000);
    await watcher.drain();
    expect(records().at(-1)?.event).toBe('drained');
    expect(new Set(records().map((one) => one.path)).size).toBeGreaterThan(10_000);
  }, 120_000);

  it.each([
    [1, '100,000 files in one folder'],
    [1_000, '100,000 files in 1,000 folders'],
  ])(
    'sees every one of 100,000 files (%s: %s)',
    async (folders) => {
      const watcher = await start();
      const made = execFile('python3', ['-c', MANY, workspace, '100000', String(folders)]);
      await once(made, 'exit');
      expect(await watcher.drain()).toMatchObject({ errors: 0 });
      const paths = new Set(seen().map(([, , path]) => path));
      expect(paths.size).toBe(100_000 + folders);
      // No folder is looked into again for each of its files, and no file has a watch of its own.
      expect(records().length).toBeLessThan(2 * 100_000);
    },
    240_000,
  );

  it('says so where more happened at once than the kernel holds events for', async () => {
    writeFileSync(join(workspace, 'a'), '');
    writeFileSync(join(workspace, 'b'), '');
    const watcher = await start();
    // Nobody reads the queue meanwhile; the same twice in a row would be one event.
    execFileSync('python3', ['-c', ALTERNATE, workspace, '40000']);
    expect((await watcher.drain()).errors).toBe(1);
    expect(records().at(-2)).toMatchObject({ event: 'error' });
    expect(records().at(-2)?.message).toContain('some may be lost');
  });

  it('does not say so of what the queue does hold', async () => {
    for (const name of ['a', 'b']) writeFileSync(join(workspace, name), '');
    const watcher = await start();
    execFileSync('python3', ['-c', ALTERNATE, workspace, '4000']);
    expect((await watcher.drain()).errors).toBe(0);
    expect(new Set(seen().map(([, , path]) => path))).toEqual(new Set(['a', 'b']));
  });

  it('sees what is in a folder that was made elsewhere and moved in, and what happens in it after', async () => {
    mkdirSync(join(root, 'elsewhere', 'deep'), { recursive: true });
    for (const name of ['one', 'deep/two']) writeFileSync(join(root, 'elsewhere', name), '');
    const watcher = await start();
    renameSync(join(root, 'elsewhere'), join(workspace, 'moved'));
    await vi.waitFor(() => expect(names()).toContain('moved/deep'), 30_000);
    writeFileSync(join(workspace, 'moved', 'deep', 'three'), '');
    await watcher.drain();
    for (const path of ['moved', 'moved/one', 'moved/deep', 'moved/deep/two', 'moved/deep/three'])
      expect(names()).toContain(path);
  });

  it('watches a folder that was removed and made again under its name', async () => {
    mkdirSync(join(workspace, 'd'));
    const watcher = await start();
    rmSync(join(workspace, 'd'), { recursive: true });
    mkdirSync(join(workspace, 'd'));
    writeFileSync(join(workspace, 'd', 'first'), '');
    await vi.waitFor(() => expect(names()).toContain('d/first'), 30_000);
    writeFileSync(join(workspace, 'd', 'second'), '');
    writeFileSync(join(workspace, 'd', 'first'), 'longer');
    await watcher.drain();
    expect(names()).toContain('d/second');
  });

  it('takes no event of a folder for one of the file in it that has its name', async () => {
    mkdirSync(join(workspace, 'same', 'kept'), { recursive: true });
    writeFileSync(join(workspace, 'same', 'same'), '');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const watcher = await start();
    chmodSync(join(workspace, 'same'), 0o700);
    rmSync(join(workspace, 'same', 'kept'), { recursive: true });
    await watcher.drain();
    expect(names()).toEqual(['same/kept']);
  });

  it('sees a file that is gone before anybody could look', async () => {
    const watcher = await start();
    writeFileSync(join(workspace, 'brief'), '');
    rmSync(join(workspace, 'brief'));
    await watcher.drain();
    expect(names()).toContain('brief');
  });

  it('ends also where the folders are gone or closed', async () => {
    mkdirSync(join(workspace, 'd'));
    const watcher = await start();
    chmodSync(join(workspace, 'd'), 0);
    discard(artifacts);
    await watcher.drain();
    expect(records().at(-1)?.event).toBe('drained');
  });

  it('writes nothing into what it watches and leaves nothing beside its file', async () => {
    writeFileSync(join(workspace, 'a'), 'x');
    const state = () =>
      [workspace, artifacts, join(workspace, 'a')].map((path) => statSync(path, { bigint: true }).ctimeNs);
    const before = state();
    const watcher = await start();
    await watcher.drain();
    expect(state()).toEqual(before);
    expect(readdirSync(root).sort()).toEqual(['artifacts', 'watch.jsonl', 'workspace']);
  });

  it('numbers its lines without a gap and never goes back in time', async () => {
    const watcher = await start();
    for (let name = 0; name < 200; name += 1) writeFileSync(join(workspace, `f${name}`), 'x');
    const { records: count } = await watcher.drain();
    const list = records();
    expect(list.map((one) => one.seq)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    expect(list.every((one, at) => at === 0 || one.t_ms >= (list[at - 1]?.t_ms ?? 0))).toBe(true);
  });

  it('names no path of the host', async () => {
    const watcher = await start();
    makeDeep(workspace, 70);
    execFileSync('touch', [join(workspace, 'x')]);
    await watcher.drain();
    expect(readFileSync(join(root, 'watch.jsonl'), 'utf8')).not.toContain(root);
  });

  it('refuses to write over a file that is there', async () => {
    writeFileSync(join(root, 'watch.jsonl'), 'mine');
    await expect(start()).rejects.toMatchObject({ code: 'host' });
    expect(readFileSync(join(root, 'watch.jsonl'), 'utf8')).toBe('mine');
    expect(existsSync(join(root, 'watch.jsonl.barrier'))).toBe(false);
  });
});
