/** Runs the lane in this process, with a container engine client that a test may tamper with. */
import { join } from 'node:path';
import Docker from 'dockerode';
import type { CageBody } from '../../src/cage/spec.ts';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { loadFixture } from '../../src/contract/fixture.ts';
import { withBill } from '../../src/docker/bill-of-materials.ts';
import { sandboxImage } from '../../src/docker/images.ts';
import { dockerVersions } from '../../src/docker/versions.ts';
import { SILENT } from '../../src/lane/progress.ts';
import type { RunRequest, RunResult } from '../../src/lane/request.ts';
import { runLane } from '../../src/lane/run.ts';
import { plainRequest } from '../../src/validation/play.ts';
import { requireBothHold } from './both-verifiers.ts';

let next = 0;

/** One run of a fixture with parts of the request replaced; its bundle must verify, twice. */
export async function lane(
  base: string,
  fixture: string,
  changes: Partial<RunRequest> = {},
): Promise<RunResult> {
  next += 1;
  const docker = changes.docker ?? new Docker();
  const shared = {
    docker,
    versions: await dockerVersions(docker),
    image: await withBill(docker, await sandboxImage(docker)),
    idShift: { uid: 0, gid: 0 },
    runsDir: base,
    runtime: undefined,
    progress: SILENT,
    signal: new AbortController().signal,
    withoutAdmission: false,
    allowDegraded: false,
  };
  const out = join(base, `lane-${process.pid}-${next}`);
  const loaded = await loadFixture(fixture, FIXTURES_DIR);
  const result = await runLane(plainRequest(shared, loaded, { out, ...changes }));
  await requireBothHold(result.directory, fixture);
  return result;
}

/** A client whose create requests pass through `alter`: the weakened cage that a defect or an attacker would make. */
export function weakened(alter: (body: CageBody) => CageBody): Docker {
  const docker = new Docker();
  const create = docker.createContainer.bind(docker);
  docker.createContainer = ((body: CageBody) =>
    create(alter(structuredClone(body)))) as typeof docker.createContainer;
  return docker;
}

/** A client whose cages are on a network. */
export function onNetwork(mode: 'bridge' | 'host'): Docker {
  return weakened((body) => ({
    ...body,
    ...(mode === 'host' ? { Hostname: '' } : {}),
    NetworkDisabled: false,
    HostConfig: { ...body.HostConfig, NetworkMode: mode },
  }));
}

/** The same for one setting of HostConfig. */
export function weakenedBy(settings: Record<string, unknown>): Docker {
  return weakened((body) => ({ ...body, HostConfig: { ...body.HostConfig, ...settings } }));
}
