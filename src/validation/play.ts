/** Runs that a validator makes: ordinary runs with bundles of their own, each verified at once. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedFixture } from '../contract/fixture.ts';
import { fakeEngine } from '../engines/fake.ts';
import type { RunRequest, RunResult } from '../lane/request.ts';
import { lineDigest } from '../ledger/chain.ts';
import { blockerCodes } from '../schema/report.ts';
import type { ValidationRun } from '../schema/stage1.ts';
import { verifyBundle } from '../verify/bundle.ts';

/** What of a run every validator leaves to its caller. */
export type SharedRequest = Pick<
  RunRequest,
  | 'docker'
  | 'versions'
  | 'image'
  | 'idShift'
  | 'runsDir'
  | 'runtime'
  | 'progress'
  | 'signal'
  | 'withoutAdmission'
>;

/** The default lane on a fixture, with parts of the request replaced. */
export function plainRequest(
  { docker, versions, image, idShift, runsDir, runtime, progress, signal, withoutAdmission }: SharedRequest,
  fixture: LoadedFixture,
  changes: Partial<RunRequest>,
): RunRequest {
  return {
    docker,
    versions,
    image,
    idShift,
    runsDir,
    runtime,
    progress,
    signal,
    withoutAdmission,
    allowDegraded: false,
    fixture,
    contractFile: {},
    limits: {},
    engine: fakeEngine,
    commandArgv: [],
    record: 'writes',
    gates: {},
    stage1: null,
    out: null,
    forbidden: [],
    provider: null,
    candidate: null,
    tools: null,
    assignment: null,
    testsBefore: null,
    baselineImage: null,
    configText: '',
    signingKey: null,
    ...changes,
  };
}

/** How a validator's document names one of its runs. */
export async function entryOf(name: string, { report, directory }: RunResult): Promise<ValidationRun> {
  return {
    name,
    directory: name,
    bundle: lineDigest(await readFile(join(directory, 'artifacts/digests.json'), 'utf8')),
    status: report.status,
    blockers: blockerCodes(report.blockers),
  };
}

/** Everything in a bundle that does not hold, one sentence each. */
export async function bundleProblems(
  name: string,
  { directory }: RunResult,
  fixture: LoadedFixture,
): Promise<string[]> {
  const { checks } = await verifyBundle(directory, {
    fixture: async () => ({ workspace: fixture.workspace }),
    key: null,
  });
  return checks
    .filter(({ status }) => status === 'failed')
    .map(({ id, detail }) => `run ${name}, check ${id}: ${detail}`);
}
