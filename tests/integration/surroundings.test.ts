/** Walls around a cage: a user namespace that the engine was started with, and a runtime with a kernel of its own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandboxImage } from '../../src/docker/images.ts';
import { idShift, ownershipCheck } from '../../src/docker/user-namespace.ts';
import { isWithoutHostRoot } from '../../src/proofs/procfs.ts';
import type { Report } from '../../src/schema/report.ts';
import { needs } from '../programs.ts';
import { proofbox, run, scratch } from './product.ts';
import { type DaemonSettings, SecondDaemon } from './second-daemon.ts';

const space = await scratch();
afterAll(() => space.remove());

/** A container engine with the sandbox image for the tests of one block. */
function daemonWith(settings: DaemonSettings) {
  const daemon = new SecondDaemon(settings);
  beforeAll(async () => {
    await daemon.start();
    await daemon.load((await sandboxImage(new Docker())).reference);
  });
  afterAll(() => daemon.remove());
  return { env: { DOCKER_HOST: `unix://${daemon.socket}` }, docker: daemon.docker };
}

describe('R8: an engine that remaps users', () => {
  const FIRST = 300_000;
  const { env } = daemonWith({ remapFrom: FIRST });

  test('makes runs that pass, in folders of the shifted user, and the report says so', async () => {
    const bundle = await run(space.dir, ['py-interval'], { env });
    expect(bundle.report.blockers).toEqual([]);
    expect(bundle.report.status).toBe('passed');
    expect(bundle.report.cage.confinement).toMatchObject({ user_namespace: 'remapped' });
    expect((await bundle.cage()).engine?.seen?.uid_map?.trim().split(/\s+/)).toEqual([
      '0',
      String(FIRST),
      '65536',
    ]);
  });

  test('leaves nothing else to write, although its control groups are mounted writable', async () => {
    const script =
      'find / -path /proc -prune -o -type d -writable -print; find /sys -type f -writable ! -name cgroup.event_control';
    const bundle = await run(space.dir, ['py-interval', '--engine', 'command', '--', 'sh', '-c', script], {
      env,
    });
    const folders = (await bundle.read('backend/stdout.log')).trim().split('\n');
    expect(folders.filter((path) => !/^\/(?:workspace|artifacts)(?:\/|$)/.test(path))).toEqual([]);
    expect(folders).toContain('/workspace');
    expect(bundle.codes).not.toContain('cage_mismatch');
  });
});

describe('R8: a runtime with a kernel of its own (gVisor)', () => {
  const { env } = daemonWith({
    runtimes: { runsc: { path: '/usr/bin/runsc', runtimeArgs: ['--network=none'] } },
  });
  beforeAll(() => needs('runsc'));

  test('stops with exit code 4 and names the flag that starts it all the same', async () => {
    const outcome = await proofbox(
      ['run', 'py-interval', '--runtime', 'runsc', '--out', join(space.dir, 'refused')],
      { env },
    );
    expect(outcome.exitCode).toBe(4);
    expect(outcome.stderr).toContain('no seccomp user notification');
    expect(outcome.stderr).toContain('--allow-degraded');
    const report = JSON.parse(
      await readFile(join(space.dir, 'refused/artifacts/report.json'), 'utf8'),
    ) as Report;
    expect(report.status).toBe('failed');
    expect(report.changed_files).toEqual([]);
  });

  test('with --allow-degraded it runs and says so everywhere, and no proof that rests on the recorder holds', async () => {
    const bundle = await run(space.dir, ['py-interval', '--runtime', 'runsc', '--allow-degraded'], { env });
    const { report } = bundle;
    expect(bundle.exitCode).toBe(1);
    expect(report.status).toBe('failed');
    expect(report.recorder).toMatchObject({ coverage: 'incomplete', degraded: true, received: 0 });
    expect(report.cage.confinement).toMatchObject({ runtime: 'runsc' });
    expect(report.changed_files.map(({ path }) => path)).toEqual(['interval/interval.py']);
    const status = Object.fromEntries(report.proofs.map(({ id, status }) => [id, status]));
    expect(status).toMatchObject({
      recorder_coverage: 'failed',
      allowed_writes: 'failed',
      witnesses_agree: 'failed',
      changes_allowed: 'passed',
      tests: 'passed',
    });
    expect(report.allowed_writes_passed).toBe(false);
    expect(await bundle.read('report.md')).toContain('Degraded:');
    expect(await bundle.read('report.html')).toContain('Degraded:');
  });
});

test('R8: --allow-degraded takes nothing from a runtime that can host the recorder', async () => {
  const { report } = await run(space.dir, ['py-interval', '--allow-degraded']);
  expect(report.status).toBe('passed');
  expect(report.recorder).not.toHaveProperty('degraded');
});

describe('R8: whose numbers a cage has', () => {
  const userns = { SecurityOptions: ['name=seccomp,profile=default', 'name=userns'] };

  test('an engine that remaps tells by how much in its data root, or nothing is started', () => {
    expect(idShift({})).toEqual({ uid: 0, gid: 0 });
    expect(idShift({ ...userns, DockerRootDir: '/var/lib/docker/100000.200000' })).toEqual({
      uid: 100_000,
      gid: 200_000,
    });
    expect(idShift({ ...userns, DockerRootDir: '/var/lib/docker' })).toBeNull();
    expect(ownershipCheck({ ...userns, DockerRootDir: '/var/lib/docker' }, true).status).toBe('fail');
  });

  test('only root can give folders to a remapped user, and a rootless engine is refused', () => {
    const remapped = { ...userns, DockerRootDir: '/var/lib/docker/100000.100000' };
    expect(ownershipCheck(remapped, true).status).toBe('ok');
    expect(ownershipCheck(remapped, false).status).toBe('fail');
    expect(ownershipCheck({ SecurityOptions: ['name=rootless'] }, false).status).toBe('fail');
    expect(ownershipCheck({}, false).status).toBe('ok');
  });

  test.each([
    ['         0     300000      65536\n', true],
    ['         0          0 4294967295\n', false],
    ['         0     300000      1\n         1          0      1\n', false],
    ['', false],
    ['0 x 1', false],
  ])("a map %j leaves the host's root outside: %s", (text, expected) => {
    expect(isWithoutHostRoot(text)).toBe(expected);
  });
});
