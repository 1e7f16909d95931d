/** Whether a run of the engine under review has the fake lane of the same run beside it. */
import type { Blocker } from '../schema/report.ts';
import type { Evidence } from './evidence.ts';

/** How the fake lane ended is for the reader to compare; that it ended, and under the same contract's fixture, is not. */
export function baselineBlockers({ contract, run }: Evidence): Blocker[] {
  if (contract.value?.engine.name !== 'case') return [];
  if (run.baseline === null) return [incomplete('there is no fake lane of the same run')];
  const { status } = run.baseline;
  if (status === 'passed' || status === 'failed') return [];
  return [incomplete(`the fake lane of the same run was ${status}`)];
}

function incomplete(message: string): Blocker {
  return { code: 'evidence_incomplete', message, requirement: 'R13' };
}
