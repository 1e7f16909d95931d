import { afterAll, describe, expect, test } from 'vitest';
import type { CageBody } from '../../src/cage/spec.ts';
import { lane, onNetwork, weakened, weakenedBy } from './lane-runner.ts';
import { scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

/** Each row is a world in which one defence is gone; the request the proofs know says nothing of it. */
const WORLDS: [string, () => ReturnType<typeof weakenedBy>][] = [
  ['a writable root file system', () => weakenedBy({ ReadonlyRootfs: false })],
  ['a third bind', () => weakened((body) => withBind(body, '/srv:/srv:rw'))],
  ['a third bind that is read-only', () => weakened((body) => withBind(body, '/etc:/host-etc:ro'))],
  ['a temporary file system', () => weakenedBy({ Tmpfs: { '/scratch': 'rw' } })],
  ['shared memory', () => weakenedBy({ IpcMode: 'private' })],
  ['the network of the host', () => onNetwork('host')],
  ['a network of its own', () => onNetwork('bridge')],
  ['a capability', () => weakenedBy({ CapAdd: ['NET_RAW'] })],
  ['new privileges', () => weakenedBy({ SecurityOpt: [] })],
  ['no seccomp profile', () => weakenedBy({ SecurityOpt: ['no-new-privileges:true', 'seccomp=unconfined'] })],
  ["the host's process namespace", () => weakenedBy({ PidMode: 'host' })],
  [
    "the host's UTS namespace",
    () =>
      weakened((body) => ({ ...body, Hostname: '', HostConfig: { ...body.HostConfig, UTSMode: 'host' } })),
  ],
  ['no masked paths', () => weakenedBy({ MaskedPaths: [] })],
  ['no read-only kernel files', () => weakenedBy({ ReadonlyPaths: [] })],
  ['no pids limit', () => weakenedBy({ PidsLimit: 0 })],
  ['no memory limit', () => weakenedBy({ Memory: 0, MemorySwap: 0 })],
  [
    'a device',
    () =>
      weakenedBy({
        Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' }],
      }),
  ],
  ['root as the user', () => weakened((body) => ({ ...body, User: '0:0' }))],
  ['another group', () => weakenedBy({ GroupAdd: ['0'] })],
  ['output kept by the daemon', () => weakenedBy({ LogConfig: { Type: 'json-file', Config: {} } })],
  ['another environment', () => weakened((body) => ({ ...body, Env: [...(body.Env ?? []), 'SECRET=1'] }))],
];

function withBind(body: CageBody, bind: string): CageBody {
  return { ...body, HostConfig: { ...body.HostConfig, Binds: [...(body.HostConfig.Binds ?? []), bind] } };
}

describe('R8: a weakened cage is seen before the engine starts', () => {
  test.each(WORLDS)('%s: cage_mismatch, and the engine never starts', async (_, docker) => {
    const { report } = await lane(space.dir, 'py-interval', { docker: docker() });
    const codes = report.blockers.map((blocker) => blocker.code);
    expect(report.status).toBe('failed');
    expect(codes).toContain('cage_mismatch');
    // No program of the engine's was started: the first frame was judged, and "start" was never said.
    expect(report.recorder.programs).toBe(0);
    expect(report.changed_files).toEqual([]);
  });
});

test('a cage in which the recorder cannot work is the problem of the host, and the engine never starts', async () => {
  const docker = weakened((body) => ({ ...body, Entrypoint: ['/bin/false'] }));
  const { report } = await lane(space.dir, 'py-interval', { docker });
  expect(report.status).toBe('failed');
  expect(report.blockers.map(({ code }) => code)).toContain('recorder_lost');
  expect(report.host_problem).toMatch(/recorder could not start/);
  expect(report.changed_files).toEqual([]);
});
