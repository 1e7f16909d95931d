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
import { SharedTests } from './shared-tests.ts';

export interface LocalOptions {
  concurrency: number;
  /** one run of a fixture lends the others its tests on what was not touched yet */
  sharesTests: boolean;
  /** the request of one run into a folder of its own */
  request(run: PlannedRun, out: string): Promise<RunRequest>;
}

export function localExecutor(options: LocalOptions): Executor {
  return {
    async carryOut(runs, site) {
      const shared = options.sharesTests ? new SharedTests() : null;
      const queue = new PQueue({ concurrency: options.concurrency });
      for (const run of runs) {
        void queue.add(async () => {
          if (site.stop.aborted) return;
          site.started(run);
          const outcome = await runOne({ ...options, shared }, run, site);
          if (outcome !== null) await site.over(outcome);
        });
      }
      await queue.onIdle();
    },
  };
}

/** @returns null where the signal ended it: it is not over, and is run again */
async function runOne(
  { request: ask, shared }: LocalOptions & { shared: SharedTests | null },
  run: PlannedRun,
  site: Site,
): Promise<BatchRun | null> {
  const directory = join(site.out, 'runs', run.key);
  const began = performance.now();
  try {
    const request = await ask(run, directory);
    const { report } = await runLane({ ...request, testsBefore: shared?.offered(run) ?? null });
    const bundle = await bundleOf(directory);
    shared?.over(run, report, { directory, bundle });
    await enterRun(join(site.out, 'runs/ledger.jsonl'), directory);
    return ofReport(run, report, {
      bundle,
      expect: request.fixture.fixture.expect,
      worker: null,
    });
  } catch (error) {
    return site.interrupt.aborted ? null : ofError(run, error as Error, performance.now() - began);
  }
}
