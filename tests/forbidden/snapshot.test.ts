import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { compareSnapshots, snapshotRoot } from '../../src/forbidden/snapshot.ts';

const dir = mkdtempSync(join(tmpdir(), 'proofbox-snapshot-'));
afterAll(() => rmSync(dir, { recursive: true }));

let root: string;
let next = 0;
beforeEach(() => {
  next += 1;
  root = join(dir, `root-${next}`);
  mkdirSync(join(root, 'src'), { recursive: true });
  writeFileSync(join(root, 'src/a.txt'), 'aaaa');
  writeFileSync(join(root, 'b.txt'), 'b');
  symlinkSync('b.txt', join(root, 'link'));
});

/** Each one leaves as few traces as it can. */
const CHANGES: [string, boolean, () => void][] = [
  ['a byte is appended', true, () => appendFileSync(join(root, 'b.txt'), '!')],
  ['content of the same length, its times put back', true, () => forge('src/a.txt', 'zzzz')],
  ['a file is added', true, () => writeFileSync(join(root, 'src/new'), '')],
  ['a file is removed', true, () => unlinkSync(join(root, 'b.txt'))],
  ['a file is renamed', true, () => renameSync(join(root, 'b.txt'), join(root, 'c.txt'))],
  ['a mode changes', true, () => chmodSync(join(root, 'b.txt'), 0o600)],
  ['a link points elsewhere', true, () => relink()],
  ['a file is touched', false, () => utimesSync(join(root, 'b.txt'), 1, 1)],
  ['a file is read', false, () => undefined],
];

function forge(name: string, text: string): void {
  const path = join(root, name);
  const { atime, mtime } = lstatSync(path);
  writeFileSync(path, text);
  utimesSync(path, atime, mtime);
}

function relink(): void {
  unlinkSync(join(root, 'link'));
  symlinkSync('src', join(root, 'link'));
}

describe.each(['metadata', 'content'] as const)('R9: a guarded root by %s', (mode) => {
  test('looks the same twice', async () => {
    const [first, second] = [
      await snapshotRoot({ resolved: root, mode }),
      await snapshotRoot({ resolved: root, mode }),
    ];
    expect(second.digest).toBe(first.digest);
    expect(compareSnapshots(first, second)).toEqual([]);
    expect(first.entries.size).toBe(5);
  });

  test.each(CHANGES)('%s', async (name, isContent, change) => {
    const before = await snapshotRoot({ resolved: root, mode });
    change();
    const after = await snapshotRoot({ resolved: root, mode });
    const isSeen = isContent || (mode === 'metadata' && name === 'a file is touched');
    expect(after.digest !== before.digest).toBe(isSeen);
    expect(compareSnapshots(before, after).length > 0).toBe(isSeen);
  });

  test('a root that is gone cannot be looked at', async () => {
    rmSync(root, { recursive: true });
    await expect(snapshotRoot({ resolved: root, mode })).rejects.toThrow('ENOENT');
  });
});
