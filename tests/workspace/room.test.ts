/** What a cage uses, what is engine state, and removing all of it again. */
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { leavesOut } from '../../src/workspace/leave-out.ts';
import { removeTree } from '../../src/workspace/remove.ts';
import { measureUsage } from '../../src/workspace/usage.ts';
import {
  asNobody,
  discard,
  freshFolder,
  makeDeep,
  makeHostile,
  makeSparse,
} from '../witness/hostile-tree.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

let root: string;
let from: string;
let to: string;

beforeEach(() => {
  root = freshFolder();
  from = join(root, 'from');
  to = join(root, 'to');
  mkdirSync(from);
});
afterEach(() => {
  discard(root);
});

describe('engine state', () => {
  it.each([
    [['.git/'], '.git', true],
    [['.git/'], '.gitignore', false],
    [['.git/'], 'sub/.git', false],
    [['.case', 'notes/*.tmp'], 'notes/a.tmp', true],
    [['**/cache'], 'a/.b/cache', true],
    [['!(x)'], 'x', false],
    [[], '', false],
  ])('%j leaves out %s: %s', (patterns, path, expected) => {
    expect(leavesOut(patterns)(path)).toBe(expected);
  });
});

describe('removing what an engine left', () => {
  it('removes any depth and name, whoever closed it, and follows no link', async () => {
    mkdirSync(join(root, 'kept'));
    writeFileSync(join(root, 'kept', 'file'), 'kept');
    await makeHostile(from);
    makeDeep(join(from, 'names'), 3_000);
    symlinkSync('../kept', join(from, 'link'));
    mkdirSync(join(from, 'shut', 'in'), { recursive: true });
    chmodSync(join(from, 'shut'), 0);
    await removeTree(from);
    await removeTree(from);
    expect(readdirSync(root)).toEqual(['kept']);
    expect(readFileSync(join(root, 'kept', 'file'), 'utf8')).toBe('kept');
    symlinkSync('kept', join(root, 'alias'));
    await removeTree(join(root, 'alias'));
    expect(readdirSync(join(root, 'kept'))).toEqual(['file']);
  });

  it('opens folders that their owner has closed', async () => {
    chmodSync(root, 0o777);
    await asNobody(async () => {
      mkdirSync(join(root, 'mine', 'shut', 'in'), { recursive: true });
      chmodSync(join(root, 'mine', 'shut', 'in'), 0);
      chmodSync(join(root, 'mine', 'shut'), 0);
      await removeTree(join(root, 'mine'));
    });
    expect(existsSync(join(root, 'mine'))).toBe(false);
  });
});

describe('R8: what a cage uses', () => {
  it('counts blocks, not sizes, and each file with many names once', async () => {
    makeSparse(join(from, 'sparse'), 2 ** 40);
    writeFileSync(join(from, 'a'), Buffer.alloc(100_000, 1));
    linkSync(join(from, 'a'), join(from, 'b'));
    mkdirSync(to);
    const usage = await measureUsage([from, to], { maxBytes: 150_000, maxEntries: 3 });
    expect(usage).toMatchObject({ entries: 3, exceeded: false });
    expect(usage.bytes).toBeGreaterThanOrEqual(100_000);
    expect(usage.bytes).toBeLessThan(150_000);
  });

  it('says where a limit is passed, of one folder or of all together', async () => {
    mkdirSync(to);
    writeFileSync(join(from, 'a'), Buffer.alloc(100_000, 1));
    writeFileSync(join(to, 'b'), Buffer.alloc(100_000, 1));
    expect(await measureUsage([from, to], { maxBytes: 150_000, maxEntries: 9 })).toMatchObject({
      exceeded: true,
    });
    expect(await measureUsage([from, to], { maxBytes: 1 << 30, maxEntries: 1 })).toMatchObject({
      exceeded: true,
    });
    expect(await measureUsage([from, to], { maxBytes: 1 << 30, maxEntries: 2 })).toMatchObject({
      exceeded: false,
    });
  });
});
