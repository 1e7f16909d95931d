/** Copies of fixtures: links stay links and inside, nothing that is no file, folder or link comes along. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestTree } from '../../src/witness/tree.ts';
import { copyFixture } from '../../src/workspace/copy.ts';
import { bytesPath, discard, freshFolder, makeFifo, makeSocket, OWNER } from '../witness/hostile-tree.ts';

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
