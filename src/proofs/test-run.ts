/** What one cage of the tests proves about them, from that cage's own record. */
import type { CageRecord } from '../schema/cage.ts';
import type { TestRun } from '../schema/report.ts';

/** Passed only where the test command itself ended with 0 and the recorder's account is whole. Null for no cage. */
export function testRun(cage: CageRecord | null): TestRun | null {
  if (cage === null) return null;
  const { exit } = cage;
  const ended = exit.ended_by === 'engine_exit' && cage.stream.complete;
  return {
    exit_code: exit.exit_code,
    signal: exit.signal,
    passed: ended && exit.exit_code === 0 && exit.signal === null && !exit.oom_killed,
    stopped: ended ? null : (exit.stop_reason ?? 'lost'),
    duration_ms: Math.round(cage.end?.wall_ms ?? livedFor(cage)),
  };
}

/** Milliseconds by the wall clock, where the recorder gave no account of its own. */
function livedFor({ started_at: from, finished_at: to }: CageRecord): number {
  return from === null || to === null ? 0 : Math.max(0, Date.parse(to) - Date.parse(from));
}
