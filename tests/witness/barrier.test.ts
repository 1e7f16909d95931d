/** The barrier: once it is passed, every event from before has been read. */
import { mkdirSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openBarrier } from '../../src/witness/barrier.ts';
import { discard, freshFolder } from './hostile-tree.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

let root: string;
beforeEach(() => {
  root = freshFolder();
});
afterEach(() => {
  discard(root);
});

describe('the barrier', () => {
  it('is passed after every event of another watch from before, however many', async () => {
    mkdirSync(join(root, 'watched'));
    const names = new Set<string>();
    const watcher = watch(join(root, 'watched'), (_event, name) => names.add(name ?? ''));
    const barrier = openBarrier(join(root, 'spool'));
    for (let name = 0; name < 3_000; name += 1) mkdirSync(join(root, 'watched', String(name)));
    await barrier.pass(60_000);
    expect(names.size).toBe(3_000);
    barrier.close();
    watcher.close();
    expect(readdirSync(root)).toEqual(['watched']);
  });

  it('can be passed again and again', async () => {
    const barrier = openBarrier(join(root, 'spool'));
    for (let round = 0; round < 5; round += 1) await barrier.pass(60_000);
    barrier.close();
    expect(readdirSync(root)).toEqual([]);
  });

  it('gives up where no event comes through any more', async () => {
    const barrier = openBarrier(join(root, 'spool'));
    const [folder] = readdirSync(root);
    rmSync(join(root, folder ?? ''), { recursive: true });
    mkdirSync(join(root, folder ?? ''));
    writeFileSync(join(root, folder ?? '', 'unseen'), '');
    await expect(barrier.pass(1)).rejects.toThrow(/could not be read to their end/);
    barrier.close();
  });
});
