/** Proof: recorder, host watcher and digests tell one story. A change that only one of them knows fails the run. */
import type { CageRecord } from '../schema/cage.ts';
import { engineCage } from './cages.ts';
import type { Evidence, Reconciliation, WatchSummary } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';

const CLAIM: Claim = {
  id: 'witnesses_agree',
  claim:
    'Every file that differs after the run, and every change the host watcher saw, is explained by a recorded attempt that was allowed.',
  requirements: ['R5', 'P8'],
};

/** The wall clock of two documents is cut to milliseconds each. */
const CLOCK_SLACK_MS = 10;

export function witnessesAgree(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  take(evidence.writes, 'writes', findings);
  const trees = take(evidence.trees, 'trees', findings);
  if (trees?.before.entries.length === 0)
    findings.push(incomplete('the tree before the run is empty', 'trees', '/before'));
  if (trees?.after.truncated === true)
    findings.push(incomplete('the tree after the run was cut off', 'trees', '/after/truncated'));
  const watch = take(evidence.watch, 'watch', findings);
  if (watch !== undefined) findings.push(...watcherFindings(evidence, watch, findings));
  const { reconciliation } = evidence;
  if (reconciliation.problem !== undefined) {
    findings.push({
      code: 'evidence_incomplete',
      message: `the witnesses were not compared: ${reconciliation.problem}`,
    });
  } else findings.push(...unexplained(reconciliation.value));
  return conclude(evidence, CLAIM, {
    findings,
    rests: [
      place('writes'),
      place('watch'),
      place('cage', '/engine/begun_at'),
      place('cage', '/engine/finished_at'),
      place('trees', '/before/digest'),
      place('trees', '/after/digest'),
    ],
    holds: `no difference between the trees and none of ${watch?.count ?? 0} lines of the watcher is without a recorded attempt`,
  });
}

function watcherFindings(evidence: Evidence, watch: WatchSummary, findings: Finding[]): Finding[] {
  const found: Finding[] = [];
  if (watch.problem !== null) {
    const at = `line ${watch.problem.line}`;
    found.push(incomplete(`${at} of the watcher ${watch.problem.what}`, 'watch', at));
  }
  if (watch.errors.count > 0) {
    found.push(
      incomplete(`the watcher met ${watch.errors.count} errors: ${watch.errors.first.join(', ')}`, 'watch'),
    );
  }
  const engine = engineCage(take(evidence.cage, 'cage', findings), findings);
  const start = Date.parse(evidence.run.started_at);
  if (watch.ready_ms === null) found.push(incomplete('the watcher was never ready', 'watch', 'line 1'));
  else if (engine === undefined || start + watch.ready_ms > begunAt(engine) + CLOCK_SLACK_MS) {
    found.push(incomplete('the watcher was not ready when the engine was told to begin', 'watch', 'line 1'));
  }
  if (watch.drained_ms === null)
    found.push(incomplete('the watcher was cut off before it was drained', 'watch', `line ${watch.count}`));
  else if (
    engine?.finished_at == null ||
    start + watch.drained_ms < Date.parse(engine.finished_at) - CLOCK_SLACK_MS
  ) {
    found.push(
      incomplete('the watcher was drained before the container ended', 'watch', `line ${watch.count}`),
    );
  }
  return found;
}

/**
 * Until then nothing is in the container but the recorder. Of a version that told it at once, its making counts; one that
 * was never told caused nothing, and other proofs say so.
 */
function begunAt({ begun_at: begun, created_at: created }: CageRecord): number {
  return begun === null ? Number.POSITIVE_INFINITY : Date.parse(begun ?? created);
}

function unexplained({ unexplained: changes, watched_unexplained: watched }: Reconciliation): Finding[] {
  return [
    ...changes.map(
      ({ path, change }): Finding => ({
        code: 'unexplained_change',
        message: `${JSON.stringify(path)} was ${change} and no recorded attempt explains it`,
        place: place('trees', '/after', path),
      }),
    ),
    ...watched.map(
      ({ path, change }): Finding => ({
        code: 'unexplained_change',
        message: `the watcher saw ${change} of ${JSON.stringify(path)} and no recorded attempt explains it`,
        place: place('watch', undefined, path),
      }),
    ),
  ];
}

function incomplete(message: string, document: 'watch' | 'trees', at?: string): Finding {
  return { code: 'evidence_incomplete', message, place: place(document, at) };
}
