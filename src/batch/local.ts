/** Makes the runs of a batch on this host, so many at once. */
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { RunRequest } from '../lane/request.ts';
import { runLane } from '../lane/run.ts';
import { enterRun } from '../ledger/append.ts';
import type { BatchRun } from '../schema/batch.ts';
import type { Executor, Site } from './executor.ts';
import { bundleOf, ofError, ofReport } from './outcome.ts';
import type { PlannedRun } from './plan.ts';

export interface LocalOptions {
  concurrency: number;
  /** the request of one run into a folder of its own */
  request(run: PlannedRun, out: string): Promise<RunRequest>;
}

export function localExecutor(options: LocalOptions): Executor {
  return {
    async carryOut(runs, site) {
      const queue = new PQueue({ concurrency: options.concurrency });
      for (const run of runs) {
        void queue.add(async () => {
          if (site.stop.aborted) return;
          site.started(run);
          const outcome = await runOne(options, run, site);
          if (outcome !== null) await site.over(outcome);
        });
      }
      await queue.onIdle();
    },
  };
}

/** @returns null where the signal ended it: it is not over, and is run again */
async function runOne(options: LocalOptions, run: PlannedRun, site: Site): Promise<BatchRun | null> {
  const directory = join(site.out, 'runs', run.key);
  const began = performance.now();
  try {
    const request = await options.request(run, directory);
    const { report } = await runLane(request);
    await enterRun(join(site.out, 'runs/ledger.jsonl'), directory);
    return ofReport(run, report, {
      bundle: await bundleOf(directory),
      expect: request.fixture.fixture.expect,
      worker: null,
    });
  } catch (error) {
    return site.interrupt.aborted ? null : ofError(run, error as Error, performance.now() - began);
  }
}
