/** What the kernel counts by user id: an engine that takes it all takes it from its own run alone. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { sandboxImage } from '../../src/docker/images.ts';
import { claimUser, ENGINE_UID, ENGINE_USERS } from '../../src/lane/user.ts';
import { inside } from './inside.ts';
import { proofbox, run, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

const INOTIFY = `
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
`;
const TAKE_ALL = `${INOTIFY}
while libc.inotify_init() >= 0: pass
print('stopped by', ctypes.get_errno(), flush=True)
open('/workspace/all-taken', 'w').close()
while not os.path.exists('/workspace/let-go'): time.sleep(0.05)
`;
const TAKE_ONE = `${INOTIFY}
print('one:', 'done' if libc.inotify_init() >= 0 else ctypes.get_errno(), flush=True)
`;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(50);
}

describe.runIf(process.getuid?.() === 0)('users', () => {
  test('runs at once have users of their own, and give them back', async () => {
    const claims = [];
    for (let n = 0; n < 20; n += 1) claims.push(await claimUser());
    const uids = claims.map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(claims.length);
    for (const uid of uids) expect(uid >= ENGINE_UID && uid < ENGINE_UID + ENGINE_USERS).toBe(true);
    // All of them: were one never given back, some later claim could not be kept.
    for (const { release } of claims) release();
    const again = [];
    for (let n = 0; n < ENGINE_USERS; n += 1) again.push(await claimUser());
    const [first] = uids;
    expect(again.map(({ uid }) => uid)).toContain(first);
    for (const { release } of again) release();
  });

  test('more runs than users share, and none is root', async () => {
    const claims = [];
    for (let n = 0; n < ENGINE_USERS + 3; n += 1) claims.push(await claimUser());
    for (const { uid, gid } of claims) {
      expect(uid).toBeGreaterThanOrEqual(ENGINE_UID);
      expect(gid).toBe(uid);
    }
    for (const { release } of claims) release();
  });

  test('the image knows each of them by a name', async () => {
    const { digest } = await sandboxImage(new Docker());
    const last = ENGINE_USERS - 1;
    const names = await inside(
      digest,
      `getent passwd ${ENGINE_UID} ${ENGINE_UID + last} | cut -d : -f 1,3,4,6`,
    );
    expect(names).toBe(
      `engine:${ENGINE_UID}:${ENGINE_UID}:/home/engine\nengine${last}:${ENGINE_UID + last}:${ENGINE_UID + last}:/home/engine\n`,
    );
  });

  test('an engine that takes every inotify instance of its user leaves another run its own', async () => {
    const out = join(space.dir, 'greedy');
    const greedy = proofbox([
      ...['run', 'py-interval', '--quiet', '--engine', 'command', '--out', out, '--timeout', '2m'],
      ...['--', 'python3', '-c', TAKE_ALL],
    ]);
    await Promise.race([until(() => existsSync(join(out, 'workspace/all-taken'))), greedy]);
    try {
      const modest = await run(space.dir, [
        'py-interval',
        '--engine',
        'command',
        '--',
        'python3',
        '-c',
        TAKE_ONE,
      ]);
      // Still there while the other took its one.
      expect(existsSync(join(out, 'artifacts/report.json'))).toBe(false);
      expect(await modest.read('backend/stdout.log')).toBe('one: done\n');
    } finally {
      writeFileSync(join(out, 'workspace/let-go'), '');
      await greedy;
    }
    expect(readFileSync(join(out, 'artifacts/backend/stdout.log'), 'utf8')).toBe('stopped by 24\n');
  });
});
