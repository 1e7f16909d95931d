import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { digestTree } from '../../src/witness/tree.ts';
import { TreeWalk } from '../../src/witness/walk.ts';
import { asNobody, discard, freshFolder, makeDeep, makeFifo } from './hostile-tree.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

const LIMITS = { maxEntries: 200_000, maxBytes: 1 << 30 };
const openDescriptors = () => readdirSync('/proc/self/fd').length;
let root: string;

beforeEach(() => {
  root = freshFolder();
});
afterEach(() => {
  discard(root);
});

describe('R9: the tree of digests', () => {
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
