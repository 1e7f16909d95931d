/** One bundle that a worker says is there: fetched, judged, and put where the batch keeps it. Knows no other run. */
import { mkdir, mkdtemp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '@nats-io/obj';
import { bundleOf, ofReport } from '../batch/outcome.ts';
import type { PlannedRun } from '../batch/plan.ts';
import { enterRun } from '../ledger/append.ts';
import type { BatchRun } from '../schema/batch.ts';
import type { Digest } from '../schema/common.ts';
import type { Report } from '../schema/report.ts';
import { removeTree } from '../workspace/remove.ts';
import type { Question } from './judge.ts';
import type { Judges } from './judges.ts';
import { getObject, NOT_THERE, Stalled } from './objects.ts';
import { isPassing, patiently } from './patience.ts';

export interface IntakeOptions {
  /** folder of the batch */
  out: string;
  store: ObjectStore;
  maxBundleBytes: number;
  judges: Judges;
  signal: AbortSignal;
}

/** Why a bundle does not count; `isLie` where whoever handed it in must have known. */
export interface Rejected {
  problem: string;
  isLie: boolean;
}

/** A bundle whose content does not come is asked for this often. */
const STALLS = 3;
const MISSES = 4;

/** What is taken in lies in `runs/<key>` and stands in the ledger; of anything else nothing stays. */
export async function takeIn(
  options: IntakeOptions,
  run: PlannedRun,
  bundle: Digest,
  question: Question,
): Promise<{ outcome: BatchRun } | Rejected> {
  const { out } = options;
  await mkdir(join(out, 'incoming'), { recursive: true });
  const scratch = await mkdtemp(join(out, 'incoming', `${run.key}-`));
  try {
    const found = await fetched(options, bundle, question, scratch);
    if ('problem' in found) return found;
    const directory = join(out, 'runs', run.key);
    await rename(join(scratch, 'run'), directory);
    await enterRun(join(out, 'runs/ledger.jsonl'), directory);
    const { fixture } = question.cell.work.fixture;
    const outcome = ofReport(run, found.report, {
      bundle: await bundleOf(directory),
      expect: fixture.expect,
      worker: question.signer.keyid,
    });
    return { outcome };
  } finally {
    await removeTree(scratch);
  }
}

async function fetched(
  { store, maxBundleBytes, judges, signal }: IntakeOptions,
  bundle: Digest,
  question: Question,
  scratch: string,
): Promise<{ report: Report } | Rejected> {
  const parcel = join(scratch, 'parcel');
  let stalls = 0;
  let misses = 0;
  const get = async () => {
    const missing = await getObject(store, bundle, parcel, maxBundleBytes);
    // A copy of the store that lags behind does not know yet what another one took.
    if (missing === NOT_THERE && ++misses < MISSES) throw new Error(missing);
    return missing;
  };
  const problem = await patiently(get, {
    signal,
    isPassing: (error) => (error instanceof Stalled ? ++stalls < STALLS : isPassing(error)),
  }).catch((error) => {
    if (error instanceof Stalled) return 'has no content that comes';
    throw error;
  });
  // It may have been removed by a batch that counted it and was killed: nobody lied then.
  if (problem !== null) return { problem: `its bundle ${problem}`, isLie: problem !== NOT_THERE };
  const judged = await judges.judge(parcel, join(scratch, 'run'), question);
  return 'problem' in judged ? { ...judged, isLie: true } : judged;
}
