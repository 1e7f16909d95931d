/**
 * Judges bundles on threads: as many at once as there are processors, while the batch goes on talking to its fleet. A bundle
 * that is made to fill the memory of whoever reads it fills a thread's, and costs its worker the trust of the batch.
 */
import { join } from 'node:path';
import type { ResourceLimits } from 'node:worker_threads';
import { type Pool, pool } from 'workerpool';
import { PACKAGE_ROOT } from '../package-root.ts';
import type { Judgement, judgeBundle } from './judge.ts';

export class Judges {
  readonly #pool: Pool;

  /** @param memory of each thread; what Node.js gives one where nothing is said */
  constructor(threads: number, memory: ResourceLimits = {}) {
    this.#pool = pool(join(PACKAGE_ROOT, 'dist/fleet/judge-thread.js'), {
      workerType: 'thread',
      maxWorkers: threads,
      workerThreadOpts: { resourceLimits: memory },
    });
  }

  /** Like `judgeBundle`. @throws what it throws, and Error where no thread can be had */
  async judge(...question: Parameters<typeof judgeBundle>): Promise<Judgement> {
    try {
      return await this.#pool.exec('judgeBundle', question);
    } catch (error) {
      const { cause } = error as Error & { cause?: NodeJS.ErrnoException };
      if (cause?.code === 'ERR_WORKER_OUT_OF_MEMORY')
        return { problem: 'its bundle takes more memory to verify than there is for one' };
      throw error;
    }
  }

  /** Ends every thread, whatever it is at. */
  async close(): Promise<void> {
    await this.#pool.terminate(true);
  }
}
