/** The last test of a file that plays engines: what the kernel saw of all of them. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/package-root.ts';
import { type KernelAccount, kernelOrReason } from './account.ts';

const why = typeof kernelOrReason === 'string' ? ` (not looked at: ${kernelOrReason})` : '';

/** How many calls and effects were compared, one line for each file and run. */
const FIGURES = join(PACKAGE_ROOT, '.cache/kernel-witness.jsonl');

export function testOfKernel(account: KernelAccount): void {
  test.skipIf(why !== '')(
    `the kernel carried out nothing that is not on record, and nothing changed but by such calls${why}`,
    async () => {
      const { problems, unexplained, missed, ...figures } = await account.close();
      appendFileSync(FIGURES, `${JSON.stringify({ ...figures, missed })}\n`);
      // The other way round as well: what was let go on was carried out, but for callers that were killed in between.
      expect({ problems, unexplained, missed }).toEqual({ problems: [], unexplained: [], missed: 0 });
      expect(figures.cages).toBeGreaterThan(0);
      expect(figures.compared).toBeGreaterThan(0);
    },
  );
}
