/** The exit code that a verdict stands for. */
import { EXIT } from '../errors.ts';
import type { Report } from '../schema/report.ts';

const EXIT_OF: Record<Report['status'], number> = {
  passed: EXIT.passed,
  failed: EXIT.failed,
  blocked: EXIT.blocked,
  interrupted: EXIT.interrupted,
};

/** A cage that this host could not make is the host's failure, not the engine's. */
export function exitCodeOf({ status, host_problem: problem }: Report): number {
  return status === 'failed' && problem !== null ? EXIT.host : EXIT_OF[status];
}
