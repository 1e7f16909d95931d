/** A real Podman behind Docker's API: it makes no cage as promised, and nobody starts an engine in what it makes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectDocker, tryCandidates } from '../../src/docker/connect.ts';
import { sandboxImage } from '../../src/docker/images.ts';
import { podmanCheck } from '../../src/docker/podman.ts';
import type { CageDocument } from '../../src/schema/cage.ts';
import { needs } from '../programs.ts';
import { lane } from './lane-runner.ts';
import { proofbox, scratch } from './product.ts';
import { loadInto } from './second-daemon.ts';

const space = await scratch();
const folder = mkdtempSync('/tmp/pbp-');
const socket = join(folder, 's');
const podman = new Docker({ socketPath: socket });
const storage = [
  '--root',
  join(folder, 'root'),
  '--runroot',
  join(folder, 'run'),
  '--cgroup-manager',
  'cgroupfs',
];
let service: ChildProcess;

/** Podman asks for more processes than a container's root may raise its limit to: on a host of its own it would get them. */
const RUNTIME = `#!/usr/bin/env python3
import json, os, sys
args = sys.argv[1:]
if '--bundle' in args:
    path = os.path.join(args[args.index('--bundle') + 1], 'config.json')
    spec = json.load(open(path))
    limits = spec['process'].get('rlimits', [])
    spec['process']['rlimits'] = [one for one in limits if one['type'] != 'RLIMIT_NPROC']
    json.dump(spec, open(path, 'w'))
os.execvp('runc', ['runc', *args])
`;

beforeAll(async () => {
  await needs('podman');
  const runtime = join(folder, 'runtime');
  writeFileSync(runtime, RUNTIME);
  chmodSync(runtime, 0o755);
  mkdirSync(join(folder, 'run'));
  const args = [...storage, '--runtime', runtime, 'system', 'service', '--time=0', `unix://${socket}`];
  service = spawn('podman', args, { stdio: 'ignore' });
  for (let n = 0; n < 300 && !(await podman.ping().catch(() => null)); n += 1) await sleep(100);
}, 300_000);
afterAll(async () => {
  service.kill('SIGTERM');
  await execa('podman', [...storage, 'rm', '--all', '--force'], { reject: false });
  await execa('sh', [
    '-c',
    `grep ' ${folder}' /proc/mounts | cut -d ' ' -f 2 | sort -r | xargs -r umount -l`,
  ]);
  await execa('rm', ['-rf', folder]);
  await space.remove();
});

describe('R8: Podman', () => {
  const env = { DOCKER_HOST: `unix://${socket}` };

  test('is told from Docker, and a run stops with exit code 4 and one sentence', async () => {
    const out = join(space.dir, 'none');
    const outcome = await proofbox(['run', 'py-interval', '--out', out], { env });
    expect(outcome.exitCode).toBe(4);
    expect(outcome.stderr.trim()).toMatch(
      /^error: the engine is Podman \d.*no cage would be as promised; use a Docker engine/,
    );
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    expect(existsSync(out)).toBe(false);
  });

  test('doctor says so', async () => {
    const outcome = await proofbox(['doctor', '--json'], { env });
    expect(outcome.stdout).toContain('the engine is Podman');
    expect(outcome.exitCode).toBe(4);
  });

  test('is passed over where its socket was only found, and taken where it was asked for', async () => {
    const options = { socketPath: socket };
    const found = await tryCandidates([{ strategy: 'Podman socket', endpoint: socket, options }]);
    expect(found.connection).toBeNull();
    expect(found.refusals[0]?.why).toContain('the engine is Podman');
    expect((await connectDocker(env)).strategy).toBe('DOCKER_HOST');
  });

  test('given a run all the same, its cage is found out before the engine starts', async () => {
    const { reference } = await sandboxImage(new Docker());
    await loadInto(podman, reference);
    const { report, directory } = await lane(space.dir, 'py-interval', { docker: podman });
    expect(report.status).toBe('failed');
    expect(report.blockers.map(({ code }) => code)).toContain('cage_mismatch');
    expect(report.changed_files).toEqual([]);
    const { stdout } = await execa('cat', [join(directory, 'artifacts/cage.json')]);
    const cage = JSON.parse(stdout) as CageDocument;
    expect(cage.engine?.exit.stop_reason).toBe('cage_mismatch');
    expect(cage.engine?.seen?.mountinfo).toMatch(/ \/run rw\S* .*- tmpfs/);
    expect(cage.engine?.end).toBeNull();
  }, 120_000);

  test('of another version than was measured is a warning: PID 1 judges its cages', () => {
    expect(podmanCheck('4.9.4').status).toBe('fail');
    expect(podmanCheck('5.2.0').status).toBe('warn');
    expect(podmanCheck(undefined).status).toBe('ok');
  });
});
