/** digestTree on what a hostile engine may leave: nothing is followed, opened, waited for or forgotten. */
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TreeEntry } from '../../src/schema/tree.ts';
import { TreeEntry as TreeEntrySchema } from '../../src/schema/tree.ts';
import { decodeBytes, encodeBytes } from '../../src/witness/bytes.ts';
import { digestEntries, digestTree } from '../../src/witness/tree.ts';
import { bytesPath, discard, freshFolder, makeHostile, makeSparse, NASTY_NAMES } from './hostile-tree.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

const LIMITS = { maxEntries: 200_000, maxBytes: 1 << 30 };
const sha256 = (text: string | Buffer) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
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
});
