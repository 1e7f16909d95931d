import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readPublicKey } from '../../src/attest/keys.ts';
import type { Signer } from '../../src/schema/run.ts';
import { verifyBundle } from '../../src/verify/bundle.ts';
import { secondOpinion } from '../integration/both-verifiers.ts';
import { scratch } from '../integration/product.ts';
import { failedChecks } from './samples.ts';

const space = await scratch();
afterAll(() => space.remove());

/** A signed, passing run that version 0.0.1 made; never to be made anew, or it proves nothing. */
const OLD = join(import.meta.dirname, 'v1');

function verify(dir: string, key: Signer | null) {
  return verifyBundle(dir, { fixture: async () => ({ workspace: join(OLD, 'fixture') }), key });
}

describe('a reader of v1 reads every v1', () => {
  test('a bundle of an earlier version holds, by both verifiers, with its signature', async () => {
    const result = await verify(join(OLD, 'run'), await readPublicKey(join(OLD, 'key.pub')));
    expect(failedChecks(result)).toEqual([]);
    expect(result.report?.status).toBe('passed');
    expect(await secondOpinion(join(OLD, 'run'), ['--key', join(OLD, 'key.pub')])).toMatchObject({
      holds: true,
    });
  });

  test('its wording is its own: what is skipped is said', async () => {
    const { checks } = await verify(join(OLD, 'run'), null);
    expect(checks.find(({ id }) => id === 'renderings')).toMatchObject({
      status: 'skipped',
      detail: expect.stringContaining('0.0.1'),
    });
  });

  test.each(['report.json', 'report.html', 'run.json', 'attestation.dsse.json'])(
    'an altered %s of an earlier version still fails',
    async (name) => {
      const dir = join(space.dir, name);
      cpSync(join(OLD, 'run'), dir, { recursive: true });
      execFileSync('sed', ['-i', 's/passed/failed/', join(dir, 'artifacts', name)]);
      execFileSync('sed', ['-i', '$s/$/ /', join(dir, 'artifacts', name)]);
      expect((await verify(dir, null)).holds).toBe(false);
    },
  );
});
