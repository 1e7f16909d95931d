/**
 * Whether a bundle that a worker handed in answers what was asked. The worker may lie: its bundle is unpacked as hostile, and
 * verified as if a stranger had sent it, before anything in it counts.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { engineByName } from '../engines/index.ts';
import { contractOf, planOf } from '../lane/contract-of.ts';
import { Contract } from '../schema/contract.ts';
import type { Report } from '../schema/report.ts';
import { type Assignment, RunDocument, type Signer } from '../schema/run.ts';
import { verifyBundle } from '../verify/bundle.ts';
import { unpackBundle } from './bundle.ts';
import type { Cell, CellWork } from './work.ts';

/** What must be known of a cell to judge an answer. Data alone: it goes to another thread. */
export interface JudgedCell extends Pick<Cell, 'kind' | 'fixtureDigest'> {
  work: Omit<CellWork, 'engine' | 'providerText' | 'cassette' | 'contractPath'> & {
    engine: CellWork['engine']['name'];
  };
}

export interface Question {
  assignment: Assignment;
  cell: JudgedCell;
  /** whose signature the answer carried */
  signer: Signer;
  /** what the sandbox image is called on each architecture */
  references: readonly string[];
  /** the runtime that was asked for; undefined for the engine's own choice */
  runtime: string | undefined;
}

export type Judgement = { report: Report } | { problem: string };

export function asJudged({ kind, fixtureDigest, work }: Cell): JudgedCell {
  const { fixture, contractFile, limits, commandArgv, record, npm, caseCommit } = work;
  const provider = work.provider && { mode: work.provider.mode, endpoint: work.provider.endpoint };
  const candidate = work.candidate && { settings: work.candidate.settings };
  const engine = work.engine.name;
  const asked = { fixture, contractFile, limits, commandArgv, record, npm, caseCommit };
  return { kind, fixtureDigest, work: { ...asked, provider, candidate, engine } };
}

/**
 * @param parcel the object, whose digest is right
 * @param directory where the run is to lie; whoever calls removes it where there is a problem
 */
export async function judgeBundle(parcel: string, directory: string, question: Question): Promise<Judgement> {
  try {
    await unpackBundle(parcel, directory);
  } catch (error) {
    return { problem: `its parcel ${(error as Error).message}` };
  }
  const { cell, signer } = question;
  const { holds, checks, report } = await verifyBundle(directory, {
    fixture: async () => ({ workspace: cell.work.fixture.workspace }),
    key: signer,
  }).catch((error: Error) => ({
    holds: false,
    checks: [{ id: 'bundle', status: 'failed', detail: error.message }],
    report: null,
  }));
  if (!holds || report === null) {
    const failed = checks.find(({ status }) => status === 'failed');
    return { problem: `its bundle does not verify (${failed?.id}: ${failed?.detail})` };
  }
  const problem = await answerProblem(join(directory, 'artifacts'), report, question);
  return problem === null ? { report } : { problem };
}

/** The bundle is sound: does it say what was asked, of this run and of no other? */
async function answerProblem(artifacts: string, report: Report, question: Question): Promise<string | null> {
  const { assignment, cell, references, runtime } = question;
  const read = async (name: string) => JSON.parse(await readFile(join(artifacts, name), 'utf8')) as unknown;
  const run = RunDocument.parse(await read('run.json'));
  if (!isDeepStrictEqual(run.assignment, assignment))
    return run.assignment === null
      ? 'it is a run that nobody asked for'
      : `it answers run ${run.assignment.key} of batch ${run.assignment.batch}`;
  // Its source would be a run that nobody here has seen.
  if (run.tests_before !== null) return 'it did not make the tests before the engine itself';
  const contract = Contract.parse(await read('contract.json'));
  const asked = { ...cell.work, engine: engineByName(cell.work.engine) };
  const { plan } = planOf(asked);
  const expected = contractOf(asked, plan, {
    nonce: contract.nonce,
    runId: contract.run_id,
    fixtureDigest: cell.fixtureDigest,
  });
  const differing = Object.keys(expected).filter(
    (key) => !isDeepStrictEqual(contract[key as keyof Contract], expected[key as keyof Contract]),
  );
  if (differing.length > 0) return `its contract is not the one that was asked for (${differing.join(', ')})`;
  const { npm, caseCommit } = cell.work;
  if (cell.kind === 'plain' && npm.length === 0 && !references.includes(run.image.reference))
    return `it ran in the image ${run.image.reference}, not in one of ${references.join(', ')}`;
  if (!isDeepStrictEqual([...(run.tools?.packages ?? [])].sort(), [...npm].sort()))
    return `it had the packages ${run.tools?.packages.join(', ') ?? 'none'}`;
  if (caseCommit !== null && run.candidate?.commit !== caseCommit)
    return `it ran commit ${run.candidate?.commit ?? 'none'} of Case`;
  const used = await runtimeOf(read);
  if (runtime !== undefined && used !== runtime) return `it ran under the runtime ${used}`;
  if (report.status === 'interrupted') return 'it was interrupted, and that is no answer';
  if (report.status === 'blocked') return 'it was blocked by a gate of the worker, and that is no answer';
  return null;
}

/** The runtime of the engine's cage, as the container engine told it. */
async function runtimeOf(read: (name: string) => Promise<unknown>): Promise<string> {
  const { engine } = (await read('cage.json')) as {
    engine: { inspect_created?: { HostConfig?: { Runtime?: unknown } } } | null;
  };
  return String(engine?.inspect_created?.HostConfig?.Runtime);
}
