/** Digests made by two threads: the same as one makes, whatever becomes of the other. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/schema/common.ts';
import { DigestThread, loopSource } from '../../src/witness/digest-thread.ts';
import { digestEntries, digestTree } from '../../src/witness/tree.ts';
import { UNBOUNDED } from '../../src/witness/walk.ts';

const dir = mkdtempSync(join(tmpdir(), 'proofbox-threads-'));
afterAll(() => rmSync(dir, { recursive: true }));

const digestOf = (bytes: Buffer): Digest => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const openFiles = () => readdirSync('/proc/self/fd').length;
const never = () => null;

/** Enough of small files and of bytes that a thread is worth it, with everything that is handled in a way of its own. */
const tree = join(dir, 'tree');
beforeAll(() => {
  for (let n = 0; n < 3_000; n += 1) {
    const folder = join(tree, `d${n % 30}`);
    if (n < 30) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${n}`), `${n} `.repeat(n % 700));
  }
  writeFileSync(join(tree, 'large'), Buffer.alloc(40 << 20, 'large '));
  for (const name of ['a', 'z']) linkSync(join(tree, 'd1/f1'), join(tree, name));
  linkSync(join(tree, 'large'), join(tree, 'zz-large'));
});

describe('a tree that two threads digest', () => {
  test('has the digest of every file, and of all of them in their order', async () => {
    const { entries, digest, truncated } = await digestTree(tree, UNBOUNDED);
    expect(truncated).toBe(false);
    const files = entries.filter(({ kind }) => kind === 'file');
    expect(files).toHaveLength(3_004);
    const wrong = files.filter((entry) => entry.digest !== digestOf(readFileSync(join(tree, entry.path))));
    expect(wrong).toEqual([]);
    expect(digest).toBe(digestEntries(entries));
  });

  test('leaves no descriptor behind, done or given up in the middle', async () => {
    await digestTree(tree, UNBOUNDED);
    const before = openFiles();
    await digestTree(tree, UNBOUNDED);
    expect(openFiles()).toBe(before);
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 5);
    await expect(digestTree(tree, { ...UNBOUNDED, signal: abort.signal })).rejects.toThrow('enough');
    expect(openFiles()).toBe(before);
  });

  test('is truncated where the files do not fit into the budget', async () => {
    const { truncated, entries } = await digestTree(tree, { maxEntries: 10_000, maxBytes: 1 << 20 });
    expect(truncated).toBe(true);
    expect(entries.find(({ path }) => path === 'large')?.digest).toBeNull();
  });
});

/** Gives 600 files to a thread that runs `source`, as a walker does, and tells what came back in which order. */
async function given(source: string): Promise<{ wrong: number[]; order: number[]; refused: number }> {
  const thread = new DigestThread(source);
  const order: number[] = [];
  const wrong: number[] = [];
  let refused = 0;
  try {
    for (let n = 0; n < 600; n += 1) {
      const path = join(tree, `d${n % 30}`, `f${n}`);
      const bytes = readFileSync(path);
      const fd = openSync(path, 'r');
      const isTaken = thread.give(fd, bytes.length, (digest) => {
        order.push(n);
        if (digest !== digestOf(bytes)) wrong.push(n);
      });
      if (isTaken) continue;
      refused += 1;
      closeSync(fd);
    }
    await thread.finish(never);
  } finally {
    await thread.close();
  }
  return { wrong, order, refused };
}

const dyingAfter = (reads: number) =>
  `const fs = require('node:fs'); const read = fs.readSync; let left = ${reads};
   fs.readSync = (...args) => { left -= 1; if (left < 0) process.exit(); return read(...args); };
   ${loopSource()}`;

describe('every file that was given comes back, in order', () => {
  test.each([
    ['from the thread as it is', loopSource()],
    ['from one that never starts', 'throw new Error("no")'],
    ['from one that dies at the first file', dyingAfter(0)],
    ['from one that dies in the middle', dyingAfter(100)],
    ['from one whose program is none', 'this is no program'],
  ])('%s', async (_, source) => {
    const before = openFiles();
    const { wrong, order, refused } = await given(source);
    expect(wrong).toEqual([]);
    expect(order).toHaveLength(600 - refused);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(openFiles()).toBe(before);
  });

  test('a thread that takes nothing is given no more than it has room for', async () => {
    const before = openFiles();
    const thread = new DigestThread('setInterval(() => undefined, 1000)');
    let taken = 0;
    for (;;) {
      const fd = openSync(join(tree, 'd0/f0'), 'r');
      if (!thread.give(fd, 0, () => undefined)) {
        closeSync(fd);
        break;
      }
      taken += 1;
    }
    expect(taken).toBe(256);
    await thread.close();
    expect(openFiles()).toBe(before);
  });

  test('a file that is shorter than it was has no digest', async () => {
    const path = join(dir, 'shrunk');
    writeFileSync(path, 'twelve bytes');
    const fd = openSync(path, 'r');
    truncateSync(path, 5);
    const thread = new DigestThread(loopSource());
    const digests: (Digest | null)[] = [];
    expect(thread.give(fd, 12, (digest) => digests.push(digest))).toBe(true);
    await thread.finish(never);
    await thread.close();
    expect(digests).toEqual([null]);
  });

  test('there are never more threads than processors beside the walker’s', async () => {
    const all: DigestThread[] = [];
    for (let thread = DigestThread.start(); thread !== null; thread = DigestThread.start()) all.push(thread);
    expect(all.length).toBeLessThan(availableParallelism());
    await Promise.all(all.map((thread) => thread.close()));
    const again = DigestThread.start();
    expect(again === null).toBe(all.length === 0);
    await again?.close();
  });
});
