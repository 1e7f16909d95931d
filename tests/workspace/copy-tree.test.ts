/** Copies of results: whatever a hostile engine left, nothing is followed and no right is lent. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { digestTree } from '../../src/witness/tree.ts';
import { copyTree } from '../../src/workspace/copy.ts';
import {
  discard,
  freshFolder,
  makeDeep,
  makeHostile,
  makeSparse,
  NASTY_NAMES,
  OWNER,
} from '../witness/hostile-tree.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

const LIMITS = { maxEntries: 200_000, maxBytes: 1 << 30 };
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

describe('the copy of a result', () => {
  const copy = (more = {}) => copyTree(from, to, { ...OWNER, limits: LIMITS, ...more });

  it('leaves out FIFOs and sockets and lists them, keeps links as links, and copies every name', async () => {
    await makeHostile(from);
    const done = await copy();
    expect(done.leftOut.sort()).toEqual(['fifo', 'socket', 'sparse']);
    expect(done.truncated).toBe(true);
    expect(readlinkSync(join(to, 'passwd'))).toBe('/etc/passwd');
    expect(readlinkSync(join(to, 'loop1'))).toBe('loop2');
    expect(readdirSync(join(to, 'names'), { encoding: 'buffer' })).toHaveLength(NASTY_NAMES.length);
    const content = async (folder: string) =>
      (await digestTree(folder, LIMITS)).entries.filter((one) => one.path.startsWith('names/'));
    expect(await content(to)).toEqual(await content(from));
  });

  it('copies 10,000 nested folders', async () => {
    makeDeep(from, 10_000);
    expect(await copy()).toMatchObject({ entries: 10_001, leftOut: [], truncated: false });
    expect((await digestTree(to, LIMITS)).digest).toBe((await digestTree(from, LIMITS)).digest);
  }, 120_000);

  it('R8: drops setuid, setgid and sticky bits and keeps the rest of each mode', async () => {
    writeFileSync(join(from, 'tool'), 'x');
    chmodSync(join(from, 'tool'), 0o6751);
    mkdirSync(join(from, 'shut'));
    writeFileSync(join(from, 'shut', 'x'), '');
    chmodSync(join(from, 'shut'), 0o1555);
    await copy();
    expect(statSync(join(to, 'tool')).mode & 0o7777).toBe(0o751);
    expect(statSync(join(to, 'shut')).mode & 0o7777).toBe(0o555);
    expect(lstatSync(join(to, 'shut', 'x'))).toMatchObject(OWNER);
  });

  it('makes plain files of hard links: writing to the copy never reaches the original', async () => {
    writeFileSync(join(from, 'a'), 'original');
    linkSync(join(from, 'a'), join(from, 'b'));
    await copy();
    writeFileSync(join(to, 'a'), 'changed!');
    expect(readFileSync(join(to, 'b'), 'utf8')).toBe('original');
    expect(readFileSync(join(from, 'a'), 'utf8')).toBe('original');
  });

  it('keeps the holes of a sparse file, and stays within the limits', async () => {
    makeSparse(join(from, 'holes'), 64 << 20);
    await copy();
    expect(statSync(join(to, 'holes'))).toMatchObject({ size: 64 << 20, blocks: 0 });
    discard(to);
    writeFileSync(join(from, 'z'), 'after it');
    expect(await copy({ limits: { ...LIMITS, maxBytes: 1 << 20 } })).toMatchObject({
      leftOut: ['holes'],
      truncated: true,
    });
    expect(readFileSync(join(to, 'z'), 'utf8')).toBe('after it');
    discard(to);
    expect(await copy({ limits: { ...LIMITS, maxEntries: 1 } })).toMatchObject({
      entries: 1,
      truncated: true,
    });
  });

  it('leaves engine state out, with everything below it', async () => {
    for (const folder of ['.git/hooks', '.case', 'sub/.git'])
      mkdirSync(join(from, folder), { recursive: true });
    await copy({ leaveOut: ['.git/', '.case'] });
    expect((await digestTree(to, LIMITS)).entries.map((one) => one.path)).toEqual(['sub', 'sub/.git']);
  });

  it('writes nothing through a link that stands where it copies to', async () => {
    mkdirSync(join(root, 'elsewhere'));
    mkdirSync(to);
    symlinkSync('../elsewhere', join(to, 'd'));
    symlinkSync('../elsewhere/planted', join(to, 'f'));
    mkdirSync(join(from, 'd'));
    writeFileSync(join(from, 'd', 'x'), '');
    await expect(copy()).rejects.toMatchObject({ code: 'EEXIST' });
    discard(join(from, 'd'));
    writeFileSync(join(from, 'f'), '');
    await expect(copy()).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readdirSync(join(root, 'elsewhere'))).toEqual([]);
  });
});
