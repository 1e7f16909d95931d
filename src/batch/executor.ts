/** The seam between a batch and whoever makes its runs: this host, or a fleet. Types only. */
import type { BatchRun } from '../schema/batch.ts';
import type { PlannedRun } from './plan.ts';

/** What an executor is told, and whom it tells. */
export interface Site {
  /** absolute folder of the batch; a finished run's bundle belongs into `runs/<key>` */
  out: string;
  /** no further run is begun */
  stop: AbortSignal;
  /** what is under way is ended too */
  interrupt: AbortSignal;
  /** @param worker what the worker that has it calls itself; absent where that is this host */
  started(run: PlannedRun, worker?: string): void;
  /** at most once for each run; what is told is in the log when this resolves */
  over(run: BatchRun): Promise<void>;
  /** something that a person should know */
  note(text: string): void;
}

export interface Executor {
  /**
   * Makes these runs, in this order where it matters.
   * @throws ProofboxError where none can be made at all
   */
  carryOut(runs: readonly PlannedRun[], site: Site): Promise<void>;
}
