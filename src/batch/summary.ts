/** The summary of a batch from its runs. Pure. */
import { EXIT } from '../errors.ts';
import type { BatchManifest, BatchReport, BatchRun, Spread } from '../schema/batch.ts';
import { manifestDigest, type PlannedRun } from './plan.ts';

/** From the best to the worst that a run can end with. */
const WORSE = [EXIT.passed, EXIT.blocked, EXIT.failed, EXIT.invalid, EXIT.host, EXIT.interrupted] as const;

/**
 * @param done every run that is over, by its key
 * @param wasStopped a signal ended the batch before its time
 */
export function summarize(
  manifest: BatchManifest,
  plan: readonly PlannedRun[],
  done: ReadonlyMap<string, BatchRun>,
  { madeAt, wasStopped }: { madeAt: Date; wasStopped: boolean },
): BatchReport {
  const all = plan.flatMap(({ key }) => done.get(key) ?? []);
  const codes: number[] = all.map(({ exit_code: code }) => code);
  if (wasStopped) codes.push(EXIT.interrupted);
  const cells = manifest.fixtures.flatMap((fixture) =>
    manifest.engines.map(({ id }) => {
      const runs = all.filter((run) => run.fixture === fixture && run.engine === id);
      return { fixture, engine: id, ...tally(runs), blockers: byCode(runs), wall: spread(runs) };
    }),
  );
  return {
    schema: 'proofbox.batch-report/v1',
    manifest: manifestDigest(manifest),
    made_at: madeAt.toISOString(),
    asked: plan.length,
    ...tally(all),
    not_run: plan.length - all.length,
    exit_code: worst(codes),
    wall: spread(all),
    cells,
    all,
  };
}

/** The exit code that says most: a run that was never made outweighs one that failed. */
export function worst(codes: readonly number[]): number {
  const rank = (code: number) => WORSE.indexOf(code as (typeof WORSE)[number]);
  return codes.reduce((one, other) => (rank(other) > rank(one) ? other : one), EXIT.passed as number);
}

function tally(runs: readonly BatchRun[]) {
  const count = (status: BatchRun['status']) => runs.filter((run) => run.status === status).length;
  const passed = count('passed');
  return {
    runs: runs.length,
    passed,
    failed: count('failed'),
    blocked: count('blocked'),
    interrupted: count('interrupted'),
    as_expected: runs.filter((run) => run.as_expected).length,
    pass_rate: runs.length === 0 ? null : passed / runs.length,
  };
}

function byCode(runs: readonly BatchRun[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { blockers } of runs) for (const code of blockers) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

function spread(runs: readonly BatchRun[]): Spread | null {
  const sorted = runs.map(({ wall_ms: ms }) => ms).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return sorted.length === 0 ? null : { min: at(0), median: at(0.5), p95: at(0.95), max: at(1) };
}
