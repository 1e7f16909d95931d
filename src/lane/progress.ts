/** What a run tells whoever watches it. The lane calls it; the command line draws it. */

/** The steps of a run, in the order in which they are shown. */
export const STEPS = {
  baseline: 'Run the fake lane of the same run',
  prepare: 'Copy the fixture',
  tests_before: 'Run the tests before, in a cage of their own',
  engine: 'Run the engine in its cage',
  collect: 'Read what it left',
  tests_after: 'Run the tests after, in a cage of their own',
  judge: 'Evaluate the proofs',
} as const;
export type StepId = keyof typeof STEPS;

export interface Progress {
  start(step: StepId): void;
  /** a short live text, such as counts */
  note(step: StepId, text: string): void;
  end(step: StepId, outcome: 'done' | 'failed', ms: number, text?: string): void;
  /** the run is over, however it ended; steps that never began are shown as skipped */
  close(): Promise<void>;
}

/** Shows nothing. */
export const SILENT: Progress = { start() {}, note() {}, end() {}, async close() {} };
