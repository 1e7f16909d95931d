/** Copies of fixtures and of results: links stay links, nothing leaves the folder, no right is lent. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestTree } from '../../src/witness/tree.ts';
import { copyFixture, copyResult } from '../../src/workspace/copy.ts';
import { leavesOut } from '../../src/workspace/leave-out.ts';
import { removeTree } from '../../src/workspace/remove.ts';
import { measureUsage } from '../../src/workspace/usage.ts';
import {
  asNobody,
  bytesPath,
  discard,
  freshFolder,
  makeDeep,
  makeFifo,
  makeHostile,
  makeSocket,
  makeSparse,
  NASTY_NAMES,
} from '../witness/hostile-tree.ts';

const isRoot = process.getuid?.() === 0;
const OWNER = isRoot
  ? { uid: 64_100, gid: 64_100 }
  : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
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

describe('R6: the copy of a fixture', () => {
  it('holds files, folders and inside links, with the cage user as owner and the times of the original', async () => {
    mkdirSync(join(from, 'src', 'deep'), { recursive: true });
    writeFileSync(join(from, 'src', 'a.js'), 'a');
    writeFileSync(join(from, 'run'), '#!/bin/sh\n');
    chmodSync(join(from, 'run'), 0o4775);
    symlinkSync('../a.js', join(from, 'src', 'deep', 'up'));
    symlinkSync('src', join(from, 'same'));
    symlinkSync('missing', join(from, 'dangling'));
    utimesSync(join(from, 'run'), 1_000_000, 1_000_000.25);
    await copyFixture(from, to, OWNER);
    expect(
      (await digestTree(to, LIMITS)).entries.map((one) => [one.path, one.kind, one.mode.toString(8)]),
    ).toEqual([
      ['dangling', 'link', '777'],
      ['run', 'file', '755'],
      ['same', 'link', '777'],
      ['src', 'dir', '755'],
      ['src/a.js', 'file', '644'],
      ['src/deep', 'dir', '755'],
      ['src/deep/up', 'link', '777'],
    ]);
    expect(readlinkSync(join(to, 'src', 'deep', 'up'))).toBe('../a.js');
    expect(lstatSync(join(to, 'run')).mtimeMs).toBe(1_000_000_250);
    for (const path of ['', 'run', 'same', 'src', 'src/a.js'])
      expect(lstatSync(join(to, path))).toMatchObject(OWNER);
  });

  it('has the same digest whatever umask the fixture was checked out with', async () => {
    writeFileSync(join(from, 'a'), 'a', { mode: 0o600 });
    await copyFixture(from, to, OWNER);
    const first = (await digestTree(to, LIMITS)).digest;
    discard(to);
    chmodSync(join(from, 'a'), 0o664);
    await copyFixture(from, to, OWNER);
    expect((await digestTree(to, LIMITS)).digest).toBe(first);
  });

  it.each([
    ['/etc/passwd', /"evil", a link to "\/etc\/passwd", which is absolute/],
    ['../outside', /"evil", a link to "..\/outside", which leaves the workspace/],
    ['sub/../../outside', /climbs up again after a name/],
    ['./../x', /leaves the workspace/],
  ])('R6: refuses a link to %s and copies nothing', async (target, message) => {
    symlinkSync(target, join(from, 'evil'));
    await expect(copyFixture(from, to, OWNER)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(message),
    });
    expect(existsSync(to)).toBe(false);
  });

  it('refuses links that lead outside one after the other', async () => {
    mkdirSync(join(from, 'd'));
    symlinkSync('../..', join(from, 'd', 'up'));
    symlinkSync('d/up', join(from, 'first'));
    await expect(copyFixture(from, to, OWNER)).rejects.toThrow(/leaves the workspace/);
  });

  it('refuses FIFOs, sockets, repositories and names that are not UTF-8, each by its name', async () => {
    const refused = async (message: RegExp) => {
      await expect(copyFixture(from, to, OWNER)).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringMatching(message),
      });
      discard(from);
      mkdirSync(from);
    };
    makeFifo(join(from, 'pipe'));
    await refused(/"pipe", a fifo/);
    await makeSocket(join(from, 'sock'));
    await refused(/"sock", a socket/);
    mkdirSync(join(from, 'sub', '.Git'), { recursive: true });
    await refused(/"sub\/.Git", which is somebody's git repository/);
    writeFileSync(join(from, '.git'), 'gitdir: /elsewhere');
    await refused(/"\.git", which is somebody's git repository/);
    writeFileSync(bytesPath(from, Buffer.from([0xff])), '');
    await refused(/a name that is not UTF-8/);
  });

  it('refuses a workspace that is a link, a file or nothing, in one sentence', async () => {
    symlinkSync('from', join(root, 'link'));
    writeFileSync(join(root, 'file'), '');
    for (const [path, message] of [
      ['link', /is a symbolic link$/],
      ['link/', /is a symbolic link$/],
      ['file', /is not a folder$/],
      ['none', /cannot be read \(ENOENT\)$/],
    ] as const) {
      await expect(copyFixture(`${root}/${path}`, to, OWNER)).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringMatching(message),
      });
    }
  });
});

describe('the copy of a result', () => {
  const copy = (more = {}) => copyResult(from, to, { ...OWNER, limits: LIMITS, ...more });

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
