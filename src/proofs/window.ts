/** The time of one run: from its start to its end by two clocks. Says whether a moment lies inside. */
import type { RunDocument } from '../schema/run.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, place } from './outcome.ts';

/**
 * Documents cut the wall clock to milliseconds, and a file system takes its times from a clock that the kernel
 * moves on only every few milliseconds (current_time() reads the coarse clock: up to 10 ms late).
 */
export const SLACK_MS = 100;
/** Two clocks read one after the other differ by what a busy host does between. */
const CLOCK_STEP_MS = 500;
/** How far a clock may be slewed by time synchronization: 500 parts in a million, doubled. */
const SLEW = 0.001;

/** Whether an instant (RFC 3339) or time (milliseconds since 1970) lies within the run. */
export function isInRun(
  { started_at, finished_at }: Pick<RunDocument, 'started_at' | 'finished_at'>,
  moment: string | number,
): boolean {
  const time = typeof moment === 'number' ? moment : Date.parse(moment);
  return time >= Date.parse(started_at) - SLACK_MS && time <= Date.parse(finished_at) + SLACK_MS;
}

/** Findings where the wall clock and the monotonic clock disagree, over the whole run or at one event. */
export function clockFindings(evidence: Evidence): Finding[] {
  const { started_at, finished_at, wall_ms } = evidence.run;
  const start = Date.parse(started_at);
  const findings: Finding[] = [];
  if (!(wall_ms > 0) || !agree(Date.parse(finished_at) - start, wall_ms)) {
    findings.push({
      code: 'evidence_incomplete',
      message: 'wall clock and monotonic clock disagree on how long the run took',
    });
  }
  for (const event of evidence.events.value ?? []) {
    if (isInRun(evidence.run, event.at) && agree(Date.parse(event.at) - start, event.t_ms)) continue;
    const at = `line ${event.seq}`;
    findings.push({
      code: 'evidence_incomplete',
      message: `the clocks of event ${event.seq} disagree`,
      place: place('events', at),
    });
  }
  return findings;
}

function agree(wall: number, monotonic: number): boolean {
  return Math.abs(wall - monotonic) <= CLOCK_STEP_MS + monotonic * SLEW;
}
