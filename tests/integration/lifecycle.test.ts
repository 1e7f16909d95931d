import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import type { CageDocument } from '../../src/schema/cage.ts';
import type { WriteRecord } from '../../src/schema/recorder.ts';
import type { Report } from '../../src/schema/report.ts';
import { needs } from '../programs.ts';
import { proofbox, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());
const docker = new Docker();

/** Writes without an end until it is stopped; the file `begun` tells that it runs. */
const BUSY = `
import os
n = 0
while True:
    n += 1
    with open('/artifacts/backend/n', 'w') as f: f.write(str(n))
    if n == 20: open('/workspace/begun', 'w').close()
`;

interface Started {
  child: ChildProcess;
  out: string;
  stderr(): string;
  over: Promise<[number | null, NodeJS.Signals | null]>;
}

let next = 0;

/** `proofbox run` in the background, once its engine is at work. */
async function started(script: string, flags: string[] = []): Promise<Started> {
  next += 1;
  const out = join(space.dir, `life-${next}`);
  const args = [
    'run',
    'js-slugify',
    '--engine',
    'command',
    '--out',
    out,
    ...flags,
    '--',
    'python3',
    '-c',
    script,
  ];
  const child = spawn('node', [join(PACKAGE_ROOT, 'dist/cli/main.js'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  const over = once(child, 'exit') as Started['over'];
  await until(
    () => existsSync(join(out, 'workspace/begun')),
    30_000,
    () => text,
  );
  return { child, out, stderr: () => text, over };
}

async function until(isSo: () => boolean | Promise<boolean>, ms: number, say = () => ''): Promise<void> {
  const end = Date.now() + ms;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms ${say()}`);
    await sleep(50);
  }
}

async function containersOf(pid: number | undefined) {
  return docker.listContainers({ all: true, filters: { label: [`io.proofbox.owner-pid=${pid}`] } });
}

describe('an impatient user', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends the run with 130, no container, and evidence that says so',
    async (signal) => {
      const { child, out, over } = await started(BUSY);
      child.kill(signal);
      expect(await over).toEqual([130, null]);
      expect(await containersOf(child.pid)).toEqual([]);
      const report = JSON.parse(await readFile(join(out, 'artifacts/report.json'), 'utf8')) as Report;
      expect(report.status).toBe('interrupted');
      expect(report.blockers.map(({ code }) => code)).toContain('interrupted');
      // What was recorded until then is whole: PID 1 was asked, not shot. The cage of the tests may not have begun.
      const cage = JSON.parse(await readFile(join(out, 'artifacts/cage.json'), 'utf8')) as CageDocument;
      const lines = await readFile(join(out, 'artifacts/writes.jsonl'), 'utf8');
      expect(cage.engine?.stream).toMatchObject({ complete: true, problem: null });
      expect(cage.engine?.end?.records).toBe(lines.split('\n').length - 1);
      expect(report.writes.artifacts?.allowed).toBeGreaterThan(20);
    },
  );

  test('asking five times ends it no differently', async () => {
    const { child, out, over } = await started(BUSY);
    for (let n = 0; n < 5; n += 1) {
      child.kill('SIGINT');
      await sleep(20);
    }
    expect(await over).toEqual([130, null]);
    expect(await containersOf(child.pid)).toEqual([]);
    expect(existsSync(join(out, 'artifacts/digests.json'))).toBe(true);
  });

  test('an interrupt before the engine starts leaves no run directory half made', async () => {
    const out = join(space.dir, 'early');
    const child = spawn('node', [join(PACKAGE_ROOT, 'dist/cli/main.js'), 'run', 'js-slugify', '--out', out], {
      stdio: 'ignore',
    });
    const over = once(child, 'exit');
    await sleep(150);
    child.kill('SIGINT');
    const [code, signal] = await over;
    // Before our handler stands, Node.js itself ends by the signal.
    expect(code === 130 || signal === 'SIGINT').toBe(true);
    if (existsSync(out)) {
      const report = JSON.parse(await readFile(join(out, 'artifacts/report.json'), 'utf8')) as Report;
      expect(report.status).toBe('interrupted');
    }
    expect(await containersOf(child.pid)).toEqual([]);
  });
});

describe('a harness that is killed', () => {
  test('leaves a cage that ends by itself, evidence that can never read as passed, and gc cleans up', async () => {
    const { child, out, over } = await started(BUSY);
    const [before] = await containersOf(child.pid);
    child.kill('SIGKILL');
    await over;
    // PID 1 sees its harness gone and ends everything: no engine goes on unwatched.
    await until(
      async () => (await containersOf(child.pid)).every(({ State }) => State !== 'running'),
      15_000,
    );
    expect(before).toBeDefined();
    expect(existsSync(join(out, 'artifacts/report.json'))).toBe(false);
    expect(existsSync(join(out, 'artifacts/digests.json'))).toBe(false);
    expect((await proofbox(['report', out])).exitCode).toBe(2);

    const cleaned = await proofbox(['gc', '--json']);
    expect(cleaned.exitCode).toBe(0);
    expect(await containersOf(child.pid)).toEqual([]);
    const again = JSON.parse((await proofbox(['gc', '--json'])).stdout) as {
      removed: { container: string }[];
    };
    expect(again.removed.map(({ container }) => container)).not.toContain(before?.Id);
  });

  test('gc leaves a run alone that is going on', async () => {
    const { child, over } = await started(BUSY);
    await proofbox(['gc']);
    expect((await containersOf(child.pid)).some(({ State }) => State === 'running')).toBe(true);
    child.kill('SIGINT');
    await over;
  });
});

describe('a reader that stops', () => {
  test('stops the engine with it, and not one record is lost', async () => {
    const limited = `
import os
open('/workspace/begun', 'w').close()
for n in range(60000):
    os.close(os.open('/artifacts/backend/%06d' % (n % 500), os.O_WRONLY | os.O_CREAT, 0o644))
print('done')
`;
    const { child, out, over } = await started(limited, ['--max-workspace', '1g']);
    child.kill('SIGSTOP');
    await sleep(5000);
    child.kill('SIGCONT');
    await over;
    const lines = (await readFile(join(out, 'artifacts/writes.jsonl'), 'utf8')).trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as WriteRecord);
    expect(
      records.filter(
        ({ syscall, path }) => syscall === 'openat' && /^\/artifacts\/backend\/\d{6}$/.test(path),
      ),
    ).toHaveLength(60000);
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
    const report = JSON.parse(await readFile(join(out, 'artifacts/report.json'), 'utf8')) as Report;
    expect(report.recorder.coverage).toBe('complete');
    // A pipe and the daemon's buffers hold less than a second of it: had the engine gone on, it had been done.
    const gaps = records.slice(1).map((record, index) => record.t_ms - (records[index]?.t_ms ?? 0));
    expect(Math.max(...gaps)).toBeGreaterThan(3000);
  });
});

describe.each([
  ['a full disk', smallDisk],
  ['a quota that is reached', smallQuota],
])('%s', (what, make) => {
  test('where the evidence cannot be written, nothing reads as passed and the sentence says what to do', async () => {
    const disk = join(space.dir, what.replaceAll(' ', '-'));
    await mkdir(disk);
    const mount = await make(disk);
    try {
      const { child, over, out, stderr } = await startedOn(mount.folder);
      const [code] = await over;
      expect([1, 4]).toContain(code);
      const path = join(out, 'artifacts/report.json');
      const status = existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Report).status : 'none';
      expect(['failed', 'none']).toContain(status);
      if (status === 'none') expect(stderr()).toMatch(/free some space/);
      expect(await containersOf(child.pid)).toEqual([]);
    } finally {
      await mount.release();
    }
  });
});

interface Room {
  folder: string;
  release(): Promise<void>;
}

/** A file system of 24 MiB, as a tmpfs mount; the machine's own disk stays as it is. */
async function smallDisk(at: string): Promise<Room> {
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', at]);
  return { folder: at, release: async () => void (await execa('umount', ['-l', at])) };
}

/** A folder that may hold 24 MiB on a file system with room for more: the kernel says EDQUOT, not ENOSPC. */
async function smallQuota(at: string): Promise<Room> {
  await needs('mkfs.btrfs');
  const image = `${at}.img`;
  await execa('truncate', ['--size', '256M', image]);
  await execa('mkfs.btrfs', ['--quiet', image]);
  await execa('mount', ['-o', 'loop', image, at]);
  const folder = join(at, 'limited');
  await execa('btrfs', ['quota', 'enable', at]);
  await execa('btrfs', ['subvolume', 'create', folder]);
  await execa('btrfs', ['qgroup', 'limit', '24m', folder]);
  return { folder, release: async () => void (await execa('umount', ['-l', at])) };
}

async function startedOn(disk: string): Promise<Started> {
  const out = join(disk, 'run');
  const fill = "f = open('/artifacts/backend/fill', 'wb')\nwhile True: f.write(bytes(1 << 20)); f.flush()";
  const child = spawn(
    'node',
    [
      join(PACKAGE_ROOT, 'dist/cli/main.js'),
      'run',
      'js-slugify',
      '--engine',
      'command',
      '--out',
      out,
      '--',
      'python3',
      '-c',
      fill,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  return { child, out, stderr: () => text, over: once(child, 'exit') as Started['over'] };
}
