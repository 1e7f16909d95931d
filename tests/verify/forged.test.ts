import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKeyPair } from '../../src/attest/keys.ts';
import { digestsText } from '../../src/evidence/digests.ts';
import { inventory } from '../../src/evidence/inventory.ts';
import { jsonDocument } from '../../src/evidence/json.ts';
import { renderings } from '../../src/report/index.ts';
import type { Report } from '../../src/schema/report.ts';
import type { RunDocument } from '../../src/schema/run.ts';
import { deriveReport } from '../../src/verdict/derive.ts';
import { readPage } from '../../src/verdict/page.ts';
import { secondOpinion } from '../integration/both-verifiers.ts';
import { proofbox, scratch } from '../integration/product.ts';
import { failedChecks, makeSamples, type Sample, type SampleName, verify } from './samples.ts';

const space = await scratch();
afterAll(() => space.remove());

let samples: Record<SampleName, Sample>;
beforeAll(async () => {
  samples = await makeSamples(space.dir);
}, 60_000);

/** A copy of a sample that a forger worked on and then sealed again, as well as one can without the key. */
async function forged(name: SampleName, work: (artifacts: string) => void | Promise<void>): Promise<Sample> {
  const dir = mkdtempSync(join(space.dir, 'forged-'));
  // cp keeps FIFOs, links and names that are not UTF-8 as they are.
  execFileSync('cp', ['-a', `${samples[name].dir}/.`, dir]);
  const artifacts = join(dir, 'artifacts');
  await work(artifacts);
  const { nonce } = JSON.parse(readFileSync(join(artifacts, 'run.json'), 'utf8')) as RunDocument;
  writeFileSync(join(artifacts, 'digests.json'), digestsText(nonce, await inventory(artifacts)));
  return { dir, key: samples[name].key };
}

/** Rewrites a JSON document as proofbox writes it. */
function edit<T>(artifacts: string, name: string, change: (document: T) => void): void {
  const path = join(artifacts, name);
  const document = JSON.parse(readFileSync(path, 'utf8')) as T;
  change(document);
  writeFileSync(path, jsonDocument(document));
}

/** Everything below the primary files made anew with our own code: the best forger there is. */
async function rederive(artifacts: string): Promise<void> {
  const derived = await deriveReport(artifacts, await inventory(artifacts));
  const { report } = derived;
  writeFileSync(join(artifacts, 'report.json'), jsonDocument(report));
  for (const [name, text] of Object.entries(renderings(report, await readPage(artifacts, derived))))
    writeFileSync(join(artifacts, name), text);
}

const pass = (artifacts: string) =>
  edit<Report>(artifacts, 'report.json', (report) => {
    report.status = 'passed';
    report.blockers = [];
    for (const proof of report.proofs) if (proof.status === 'failed') proof.status = 'passed';
  });

describe('a report edited to passed, digests.json made to match', () => {
  test('fails on re-derivation, on each proof that does not hold, and on the signature', async () => {
    const failed = failedChecks(await verify(await forged('hostile', pass)));
    expect(failed).toEqual(
      expect.arrayContaining([
        'report',
        'proof artifacts',
        'proof changes_allowed',
        'proof tests',
        'signature',
      ]),
    );
    expect(failed).not.toContain('digests');
  });

  test('fails in the second verifier too, which derives two of the claims and the sum by itself', async () => {
    const { dir } = await forged('hostile', pass);
    const { holds, checks } = await secondOpinion(dir);
    expect(holds).toBe(false);
    expect(checks.at(-1)?.[0]).toBe('signature');
    const cut = await forged('passing', (artifacts) => {
      const path = join(artifacts, 'writes.jsonl');
      writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(0, -2).join('\n').concat('\n'));
    });
    expect((await secondOpinion(cut.dir)).checks.at(-1)?.[0]).toBe('claims');
  });

  test('fails without a key to trust too', async () => {
    const sample = { ...(await forged('hostile', pass)), key: null };
    expect(failedChecks(await verify(sample))).toEqual(expect.arrayContaining(['report', 'signature']));
  });
});

describe('primary evidence edited and everything else made anew', () => {
  const EDITS: [string, (artifacts: string) => void, string[]][] = [
    [
      'the contract allows what was changed',
      (artifacts) =>
        edit<{ allowed_files: string[] }>(artifacts, 'contract.json', (it) => {
          it.allowed_files = ['**'];
        }),
      ['signature'],
    ],
    [
      'nothing was planted',
      (artifacts) =>
        edit<RunDocument>(artifacts, 'run.json', (it) => {
          it.forged = [];
        }),
      ['signature'],
    ],
    [
      'the tree after has no stray file',
      (artifacts) =>
        edit<{ after: { entries: { path: string }[] } }>(artifacts, 'trees.json', ({ after }) => {
          after.entries = after.entries.filter(({ path }) => path !== 'stray.txt');
        }),
      ['trees', 'workspace', 'signature'],
    ],
  ];
  test.each(EDITS)('%s: the signature fails', async (_, change, expected) => {
    const sample = await forged('hostile', async (artifacts) => {
      change(artifacts);
      await rederive(artifacts);
    });
    expect(failedChecks(await verify(sample))).toEqual(expected);
  });

  test('a passing run with another patch, without a signature: the patch does not give the tree', async () => {
    const sample = await forged('passing', async (artifacts) => {
      const path = join(artifacts, 'patch.diff');
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^\+(?!\+)(.*)$/m, '+$1 # altered'));
      await rederive(artifacts);
    });
    expect(failedChecks(await verify(sample))).toEqual(['patch']);
  });

  test('a trace with a step outside the run', async () => {
    const sample = await forged('passing', (artifacts) => {
      const path = join(artifacts, 'trace.jsonl');
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replaceAll(/"endTimeUnixNano":"\d/g, '"endTimeUnixNano":"9'),
      );
    });
    expect(failedChecks(await verify(sample))).toEqual(['renderings', 'trace']);
  });

  test('a document that names a key twice, so that two readers take two values', async () => {
    const sample = await forged('passing', (artifacts) => {
      const path = join(artifacts, 'cage.json');
      writeFileSync(
        path,
        readFileSync(path, 'utf8').replace('  "versions": {', '  "problem": "none",\n  "versions": {'),
      );
    });
    expect(failedChecks(await verify(sample))).toContain('canonical');
    expect((await secondOpinion(sample.dir)).holds).toBe(false);
  });

  test('a document of gigabytes is refused before it is read', async () => {
    const sample = await forged('passing', (artifacts) => {
      truncateSync(join(artifacts, 'trace.jsonl'), 3 * 1024 ** 3);
    });
    expect(failedChecks(await verify(sample))).toEqual(['layout']);
  });

  test('a workspace that was changed after the run', async () => {
    const sample = await forged('passing', (artifacts) =>
      writeFileSync(join(artifacts, '../workspace/README.md'), 'other'),
    );
    expect(failedChecks(await verify(sample))).toEqual(['workspace']);
  });

  test('a workspace that stayed behind is said, and fails nothing', async () => {
    const sample = await forged('passing', (artifacts) =>
      rmSync(join(artifacts, '../workspace'), { recursive: true }),
    );
    const result = await verify(sample);
    expect(result.holds).toBe(true);
    expect(result.checks.find(({ id }) => id === 'workspace')?.status).toBe('skipped');
  });
});

describe('signatures', () => {
  test('a stranger who signs the forgery anew is found out by the key that the reader trusts', async () => {
    const stranger = join(space.dir, 'stranger');
    writeFileSync(stranger, newKeyPair('ed25519').privatePem, { mode: 0o600 });
    const out = join(space.dir, 'strangers-run');
    expect((await proofbox(['run', 'js-slugify', '--sign', stranger, '--out', out])).exitCode).toBe(0);
    expect(failedChecks(await verify({ dir: out, key: samples.signed.key }))).toEqual(['signature']);
    expect(failedChecks(await verify({ dir: out, key: null }))).toEqual([]);
  });

  test('a trusted keyid over the key of a stranger', async () => {
    const sample = await forged('signed', async (artifacts) => {
      edit<RunDocument>(artifacts, 'run.json', (it) => {
        if (it.signer !== null) it.signer.public_key = newKeyPair('ed25519').publicPem;
      });
      await rederive(artifacts);
    });
    expect(failedChecks(await verify(sample))).toEqual(['signature']);
  });

  test('a signature that was taken off', async () => {
    const sample = await forged('signed', async (artifacts) => {
      for (const name of ['attestation', 'provenance', 'runtime-trace'])
        rmSync(join(artifacts, `${name}.dsse.json`));
    });
    expect(failedChecks(await verify(sample))).toEqual(['signature']);
  });

  test('a run that says it never was signed, where the reader has a key', async () => {
    const sample = { ...samples.passing, key: samples.signed.key };
    expect(failedChecks(await verify(sample))).toEqual(['signature']);
  });

  test('an unsigned run is said to be one', async () => {
    const { checks } = await verify(samples.passing);
    expect(checks.find(({ id }) => id === 'signature')).toMatchObject({ status: 'skipped' });
  });
});
