import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { loadFixture } from '../../src/contract/fixture.ts';
import { PROOF_IDS } from '../../src/schema/report.ts';
import { run, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

const FAILING = readdirSync(FIXTURES_DIR).filter((name) => name.startsWith('fail-'));

describe('R14, P10: each failure fixture fails closed', () => {
  test('P10: all six kinds that the planning text names are there', () => {
    const six = [
      'no-diff',
      'disallowed-file',
      'failed-tests',
      'missing-test-command',
      'missing-required-event',
      'provider-unavailable',
    ];
    expect(FAILING).toEqual(expect.arrayContaining(six.map((name) => `fail-${name}`)));
  });

  test.each(FAILING)('R14: %s has exactly its blockers, exit code 1 and complete evidence', async (name) => {
    const { fixture } = await loadFixture(name, FIXTURES_DIR);
    const bundle = await run(space.dir, [name]);
    expect(bundle.codes).toEqual([...fixture.expect.blockers].sort());
    expect(bundle.report.status).toBe('failed');
    expect(bundle.exitCode).toBe(1);
    expect(bundle.report.proofs.map((proof) => proof.id)).toEqual(PROOF_IDS);
    expect((await bundle.cage()).engine?.removed).toBe(true);
    // A run that fails for what the engine did still accounts for every call it made.
    expect(bundle.report.recorder.coverage).toBe('complete');
  });
});
