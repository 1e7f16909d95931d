/** Draws a run's steps: a live list on a terminal, one plain line a step elsewhere. Loads the list only for a terminal. */
import { type Progress, SILENT, STEPS } from '../lane/progress.ts';
import { say } from './output.ts';

/** The progress of one run on standard error. */
export async function runProgress(options: { shown: boolean; baseline: boolean }): Promise<Progress> {
  if (!options.shown) return SILENT;
  if (process.stderr.isTTY !== true || process.env.CI !== undefined) return plainProgress();
  return (await import('./live-progress.ts')).liveProgress(options.baseline);
}

function plainProgress(): Progress {
  return {
    start() {},
    note() {},
    async close() {},
    end(step, outcome, ms, text) {
      say(
        `${outcome.padEnd(6)}  ${(ms / 1000).toFixed(2).padStart(6)} s  ${STEPS[step]}${text === undefined ? '' : `: ${text}`}`,
      );
    },
  };
}
