/** Whether a run ended as its fixture says it must. */
import type { Fixture } from '../schema/fixture.ts';
import { blockerCodes, type Report } from '../schema/report.ts';

/** @returns null where it did, else both in words */
export function unexpected(expect: Fixture['expect'], report: Report): string | null {
  const codes = blockerCodes(report.blockers).sort().join(', ');
  const wanted = [...expect.blockers].sort().join(', ');
  if (report.status === expect.status && codes === wanted) return null;
  return `${report.status} (${codes || 'no blocker'}), and must be ${expect.status} (${wanted || 'no blocker'})`;
}
