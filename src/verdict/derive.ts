/** From the primary files of a bundle to its report. The one way to a verdict: `run` and `verify` both take it. */
import type { BundleFile } from '../evidence/inventory.ts';
import type { Evidence } from '../proofs/evidence.ts';
import { evaluate } from '../proofs/index.ts';
import type { Report } from '../schema/report.ts';
import { type Activity, readActivity } from './activity.ts';
import { loadEvidence } from './load.ts';
import { assembleReport } from './report.ts';

export interface Derived {
  evidence: Evidence;
  report: Report;
  activity: Activity;
}

/**
 * Reads, judges and reports. Looks at nothing that is made of the verdict, and at no clock or host.
 * @throws NoRunDocument or Unreportable where too little is there to make any report of
 */
export async function deriveReport(artifacts: string, files: Map<string, BundleFile>): Promise<Derived> {
  const evidence = await loadEvidence(artifacts, files);
  const report = assembleReport(evidence, evaluate(evidence));
  return { evidence, report, activity: await readActivity(artifacts) };
}
