/** digestTree on what a hostile engine may leave: nothing is followed, opened, waited for or forgotten. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TreeEntry } from '../../src/schema/tree.ts';
import { TreeEntry as TreeEntrySchema } from '../../src/schema/tree.ts';
import { decodeBytes, encodeBytes } from '../../src/witness/bytes.ts';
import { diffTrees, digestEntries, digestTree } from '../../src/witness/tree.ts';
import { TreeWalk } from '../../src/witness/walk.ts';
import {
  asNobody,
  bytesPath,
  discard,
  freshFolder,
  makeDeep,
  makeFifo,
  makeHostile,
  makeSparse,
  NASTY_NAMES,
} from './hostile-tree.ts';

const LIMITS = { maxEntries: 200_000, maxBytes: 1 << 30 };
const sha256 = (text: string | Buffer) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const openDescriptors = () => readdirSync('/proc/self/fd').length;
let root: string;

beforeEach(() => {
  root = freshFolder();
});
afterEach(() => {
  discard(root);
});

async function entry(path: string): Promise<TreeEntry | undefined> {
  return (await digestTree(root, LIMITS)).entries.find((one) => one.path === path);
}

describe('R9: the tree of digests', () => {
  it('holds kind, mode, size and digest of every entry', async () => {
    mkdirSync(join(root, 'd'), { mode: 0o750 });
    writeFileSync(join(root, 'd', 'f'), 'hello');
    chmodSync(join(root, 'd', 'f'), 0o4711);
    symlinkSync('d/f', join(root, 'l'));
    const tree = await digestTree(root, LIMITS);
    expect(tree.entries).toEqual([
      { path: 'd', kind: 'dir', mode: 0o750, size: 0, digest: null },
      { path: 'd/f', kind: 'file', mode: 0o4711, size: 5, digest: sha256('hello') },
      { path: 'l', kind: 'link', mode: 0o777, size: 3, digest: sha256('d/f') },
    ]);
    expect(tree).toMatchObject({ truncated: false, bytes: 5, digest: digestEntries(tree.entries) });
    for (const one of tree.entries) expect(TreeEntrySchema.parse(one)).toEqual(one);
  });

  it('has a digest that anybody can compute from the entries', async () => {
    writeFileSync(join(root, 'a'), '1');
    const tree = await digestTree(root, LIMITS);
    expect(tree.digest).toBe(sha256(`["a","file",${tree.entries[0]?.mode},1,"${sha256('1')}"]\n`));
  });

  it('is sorted by the bytes of names, a folder before its content, in whatever order they were made', async () => {
    const names = [
      Buffer.from([0xff]),
      Buffer.from('\u{1f600}'),
      Buffer.from('\uffee'),
      Buffer.from('a-b'),
      Buffer.from('a'),
      Buffer.from('B'),
    ];
    for (const name of names) mkdirSync(bytesPath(root, name));
    writeFileSync(join(root, 'a', 'x'), '');
    const paths = (await digestTree(root, LIMITS)).entries.map((one) => one.path);
    expect(paths).toEqual(['B', 'a', 'a/x', 'a-b', '\uffee', '\u{1f600}', '\udcff']);
  });

  it.each(NASTY_NAMES.map((name) => [decodeBytes(name), name] as const))(
    'keeps the name %j byte for byte',
    async (text, name) => {
      writeFileSync(bytesPath(root, name), 'x');
      const [only] = (await digestTree(root, LIMITS)).entries;
      expect(only).toMatchObject({ path: text, digest: sha256('x') });
      expect(encodeBytes(only?.path ?? '').equals(name)).toBe(true);
    },
  );

  it('names FIFOs, sockets, link loops and outside links without opening or following them', async () => {
    await makeHostile(root);
    const tree = await digestTree(root, LIMITS);
    const kinds = new Map(tree.entries.map((one) => [one.path, one]));
    expect(kinds.get('fifo')).toMatchObject({ kind: 'fifo', digest: null });
    expect(kinds.get('socket')).toMatchObject({ kind: 'socket', digest: null });
    expect(kinds.get('loop1')).toMatchObject({ kind: 'link', digest: sha256('loop2') });
    expect(kinds.get('outside')).toMatchObject({ kind: 'link', digest: sha256('/etc') });
    expect([...kinds.keys()].filter((path) => /^(outside|self|loop\d)\//.test(path))).toEqual([]);
    expect(tree.entries.filter((one) => one.path.startsWith('names/'))).toHaveLength(NASTY_NAMES.length);
  });

  it('does not read a sparse terabyte: no digest, and the tree says that it is truncated', async () => {
    makeSparse(join(root, 'sparse'), 2 ** 40);
    writeFileSync(join(root, 'z'), 'after it');
    const tree = await digestTree(root, LIMITS);
    expect(tree.truncated).toBe(true);
    expect(tree.entries).toMatchObject([
      { path: 'sparse', size: 2 ** 40, digest: null },
      { path: 'z', digest: sha256('after it') },
    ]);
  });

  it('reads no more than its budget, all files together', async () => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, name), Buffer.alloc(600));
    const tree = await digestTree(root, { ...LIMITS, maxBytes: 1_300 });
    expect(tree.truncated).toBe(true);
    expect(tree.entries.map((one) => one.digest === null)).toEqual([false, false, true]);
    expect((await digestTree(root, { ...LIMITS, maxBytes: 1_800 })).truncated).toBe(false);
  });

  it('reads a file with many names once', async () => {
    writeFileSync(join(root, 'a'), Buffer.alloc(1_000, 1));
    for (let name = 0; name < 20; name += 1) linkSync(join(root, 'a'), join(root, `b${name}`));
    const tree = await digestTree(root, { ...LIMITS, maxBytes: 1_000 });
    expect(tree.truncated).toBe(false);
    expect(new Set(tree.entries.map((one) => one.digest)).size).toBe(1);
  });

  it('reads files larger than one chunk whole', async () => {
    const content = Buffer.alloc(700_001, 'chunk');
    writeFileSync(join(root, 'large'), content);
    expect(await entry('large')).toMatchObject({ size: 700_001, digest: sha256(content) });
  });

  it('visits no more entries than the limit and says so', async () => {
    for (let name = 0; name < 30; name += 1) writeFileSync(join(root, `f${name}`), '');
    expect(await digestTree(root, { ...LIMITS, maxEntries: 29 })).toMatchObject({ truncated: true });
    const whole = await digestTree(root, { ...LIMITS, maxEntries: 30 });
    expect(whole).toMatchObject({ truncated: false });
    expect(whole.entries).toHaveLength(30);
  });

  it('handles 10,000 files in one folder', async () => {
    for (let name = 0; name < 10_000; name += 1) writeFileSync(join(root, String(name)), '');
    expect((await digestTree(root, LIMITS)).entries).toHaveLength(10_000);
  });

  it.each([1_000, 10_000])(
    'goes down %i folders with a handful of descriptors, and finds what lies there',
    async (depth) => {
      makeDeep(root, depth);
      const before = openDescriptors();
      const walk = new TreeWalk(root, { maxEntries: 200_000 });
      let most = 0;
      let last = '';
      for (const step of walk.steps()) {
        if (step.at === 'entry') last = step.path;
        most = Math.max(most, walk.directories.depth % 500 === 0 ? openDescriptors() : 0);
      }
      expect(walk.truncated).toBe(false);
      expect(last).toBe(`${'d/'.repeat(depth)}leaf`);
      expect(most - before).toBeLessThan(60);
      expect(openDescriptors()).toBe(before);
    },
  );

  it('stops where folders nest so that their paths alone would fill the memory', async () => {
    const long = 'n'.repeat(250);
    let at = root;
    for (let level = 0; level < 15; level += 1) {
      at = join(at, long);
      mkdirSync(at);
    }
    // Deeper than any path can name: the tree is moved into ever deeper folders.
    for (let round = 0; round < 80; round += 1) {
      renameSync(join(root, long), join(root, 'held'));
      let inner = root;
      for (let level = 0; level < 14; level += 1) {
        inner = join(inner, long);
        mkdirSync(inner);
      }
      renameSync(join(root, 'held'), join(inner, long));
    }
    const tree = await digestTree(root, LIMITS);
    expect(tree.truncated).toBe(true);
    const text = tree.entries.reduce((sum, one) => sum + one.path.length, 0);
    expect(text).toBeLessThan(129 << 20);
  });

  it('says of what its reader may not read that it is unreadable, and goes on', async () => {
    mkdirSync(join(root, 'closed'));
    writeFileSync(join(root, 'closed', 'x'), '');
    mkdirSync(join(root, 'listed'));
    writeFileSync(join(root, 'listed', 'x'), '');
    writeFileSync(join(root, 'secret'), 's');
    writeFileSync(join(root, 'zlast'), 'z');
    const isRoot = process.getuid?.() === 0;
    for (const path of ['', 'closed', 'listed', 'secret', 'zlast'])
      if (isRoot) chownSync(join(root, path), 64_100, 64_100);
    chmodSync(join(root, 'closed'), 0);
    chmodSync(join(root, 'listed'), 0o400);
    chmodSync(join(root, 'secret'), 0);
    const tree = await asNobody(() => digestTree(root, LIMITS));
    expect(tree.entries.map((one) => [one.path, one.kind, one.digest !== null])).toEqual([
      ['closed', 'unreadable', false],
      ['listed', 'dir', false],
      ['listed/x', 'unreadable', false],
      ['secret', 'unreadable', false],
      ['zlast', 'file', true],
    ]);
    for (const path of ['closed', 'listed']) chmodSync(join(root, path), 0o700);
  });

  it('refuses a root that is a link', async () => {
    mkdirSync(join(root, 'real'));
    symlinkSync('real', join(root, 'link'));
    await expect(digestTree(join(root, 'link'), LIMITS)).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(digestTree(join(root, 'none'), LIMITS)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('never waits for a FIFO that took the place of a file', async () => {
    writeFileSync(join(root, 'a'), '');
    writeFileSync(join(root, 'b'), '');
    const walk = new TreeWalk(root, LIMITS);
    const { openRegular } = await import('../../src/witness/content.ts');
    const opened: boolean[] = [];
    for (const step of walk.steps()) {
      if (step.at !== 'entry' || step.stat === null) continue;
      rmSync(join(root, step.name));
      if (step.name === 'a') makeFifo(join(root, 'a'));
      else symlinkSync('/etc/passwd', join(root, 'b'));
      opened.push(openRegular(walk.directories.at(step.name), step.stat) !== null);
    }
    expect(opened).toEqual([false, false]);
  });

  it('never leaves the tree through a folder that was moved while it was read', async () => {
    makeDeep(root, 60);
    mkdirSync(join(root, 'x'));
    writeFileSync(join(root, 'x', 'zlast'), '');
    const walk = new TreeWalk(join(root, 'd'), LIMITS);
    const paths: string[] = [];
    for (const step of walk.steps()) {
      paths.push(step.path);
      // Levels this far up are closed again by now: what is above the moved one is another folder.
      if (step.path.length === 2 * 58 - 1 && step.at === 'entry')
        renameSync(join(root, 'd', 'd', 'd'), join(root, 'x', 'd'));
    }
    expect(walk.truncated).toBe(true);
    expect(paths.some((path) => path.includes('zlast'))).toBe(false);
  });

  it('ends when it is told to', async () => {
    writeFileSync(join(root, 'a'), '');
    const before = openDescriptors();
    await expect(
      digestTree(root, { ...LIMITS, signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
    expect(openDescriptors()).toBe(before);
  });
});

describe('differences between two trees', () => {
  const file = (path: string, digest: string | null, more: Partial<TreeEntry> = {}): TreeEntry => ({
    path,
    kind: 'file',
    mode: 0o644,
    size: 1,
    digest: digest as TreeEntry['digest'],
    ...more,
  });

  it('are added, modified, deleted, mode and kind', () => {
    const before = [
      file('same', 'sha256:1'),
      file('text', 'sha256:1'),
      file('gone', 'sha256:1'),
      file('mode', 'sha256:1'),
      file('kind', 'sha256:1'),
    ];
    const after = [
      file('same', 'sha256:1'),
      file('text', 'sha256:2'),
      file('mode', 'sha256:1', { mode: 0o755 }),
      file('kind', null, { kind: 'fifo', size: 0 }),
      file('new', 'sha256:3'),
    ];
    expect(diffTrees(before, after).map((change) => [change.path, change.change])).toEqual([
      ['text', 'modified'],
      ['mode', 'mode'],
      ['kind', 'kind'],
      ['new', 'added'],
      ['gone', 'deleted'],
    ]);
  });

  it('tell both that a content and that a mode changed', () => {
    const changes = diffTrees([file('a', 'sha256:1')], [file('a', 'sha256:2', { mode: 0o600 })]);
    expect(changes.map((change) => change.change)).toEqual(['modified', 'mode']);
  });

  it('count what nobody could read as changed', () => {
    expect(diffTrees([file('a', null)], [file('a', null)])).toHaveLength(1);
    const unreadable = file('a', null, { kind: 'unreadable' });
    expect(diffTrees([unreadable], [unreadable])).toHaveLength(1);
    const folder = file('a', null, { kind: 'dir', size: 0 });
    expect(diffTrees([folder], [folder])).toEqual([]);
  });
});
