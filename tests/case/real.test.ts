/**
 * The real Case, from the checkout that PROOFBOX_CASE_SOURCE names. Its source is not part of this project: where the
 * variable is not set these tests are reported as not run.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { scratch } from '../integration/product.ts';
import { runCase, stage1Done } from './stand-in.ts';

const SOURCE = process.env.PROOFBOX_CASE_SOURCE ?? '';

describe.skipIf(SOURCE === '')('the real Case', () => {
  test('passes against the scripted model, and fails closed without one', { timeout: 600_000 }, async () => {
    const space = await scratch();
    afterAll(() => space.remove());
    const cwd = await stage1Done(space.dir);
    const passing = await runCase(space.dir, cwd, 'py-interval', SOURCE);
    expect(passing.codes).toEqual([]);
    expect(passing.report.engine_claims).toMatchObject({ outcome: 'completed', contradictions: [] });
    for (const provider of ['none', 'http://127.0.0.1:9']) {
      const { codes, exitCode } = await runCase(space.dir, cwd, 'py-interval', SOURCE, [
        '--provider',
        provider,
      ]);
      expect(codes).toContain('provider_unavailable');
      expect(exitCode).toBe(1);
    }
    const other = await runCase(space.dir, cwd, 'js-slugify', SOURCE);
    expect(other.codes).toEqual([]);
  });
});
