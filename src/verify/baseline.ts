/** Whether the fake lane that a run names is the one that lies beside it, and holds by itself. */
import { isDeepStrictEqual } from 'node:util';
import type { Digest } from '../schema/common.ts';
import type { RunDocument } from '../schema/run.ts';
import { summarizeBaseline } from '../verdict/baseline.ts';
import type { Verification } from './bundle.ts';
import { type Check, checkOf, type Problem } from './check.ts';

/** The bundle that was found there. */
export interface FoundBaseline {
  verification: Verification;
  /** of its digests.json; null where there is none */
  digest: Digest | null;
}

/** @returns null where there is none and none is named */
export function baselineCheck(run: RunDocument, found: FoundBaseline | null): Check | null {
  if (run.baseline === null && found === null) return null;
  const problems: Problem[] = [];
  const bad = (what: string) => problems.push({ file: 'baseline', what });
  if (run.baseline === null) bad('stands there, and run.json names none');
  else if (found === null) bad('is missing, and run.json names one');
  else {
    const { verification, digest } = found;
    for (const { id, status, detail } of verification.checks)
      if (status === 'failed') bad(`does not hold: ${id}: ${detail}`);
    const { report } = verification;
    if (digest !== run.baseline.bundle) bad('is not the bundle that run.json names');
    else if (report !== null && !isDeepStrictEqual(summarizeBaseline(report, digest), run.baseline))
      bad('came to something else than run.json says');
    if (report !== null && (report.backend !== 'fake' || report.run_id === run.run_id))
      bad('is no fake lane of its own');
    if (report !== null && !isWithin(report.freshness_proof, run)) bad('did not take place within the run');
  }
  return checkOf('baseline', problems, 'the fake lane beside it holds, and is the one that run.json names');
}

function isWithin(inner: { started_at: string; finished_at: string }, outer: RunDocument): boolean {
  return (
    Date.parse(inner.started_at) >= Date.parse(outer.started_at) &&
    Date.parse(inner.finished_at) <= Date.parse(outer.finished_at)
  );
}
