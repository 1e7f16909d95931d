/** The last test of a file that plays engines: what the kernel saw of all of them. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/package-root.ts';
import { type KernelAccount, kernelOrReason } from './account.ts';

const why = typeof kernelOrReason === 'string' ? ` (not looked at: ${kernelOrReason})` : '';

/** How many calls and effects were compared, one line for each file and run. */
const FIGURES = join(PACKAGE_ROOT, '.cache/kernel-witness.jsonl');

/** Mostly none: one that is left out was begun while another was at work on the same processor. */
const MISSED_OF_ALL = 1e-5;

export function testOfKernel(account: KernelAccount): void {
  test.skipIf(why !== '')(
    `the kernel carried out nothing that is not on record, and nothing changed but by such calls${why}`,
    async () => {
      const { problems, unexplained, missed, ...figures } = await account.close();
      appendFileSync(FIGURES, `${JSON.stringify({ ...figures, missed })}\n`);
      expect(problems).toEqual([]);
      // What a processor had no time to count could hide something: it must be next to nothing.
      expect(missed).toBeLessThanOrEqual(figures.calls * MISSED_OF_ALL);
      // The other way round as well: what was let go on was carried out, but for callers that were killed in between.
      if (missed === 0) expect(unexplained).toEqual([]);
      expect(figures.cages).toBeGreaterThan(0);
      expect(figures.compared).toBeGreaterThan(0);
    },
  );
}
