/** Takes the tests on the untouched fixture from an earlier run, where they may stand for those of this one. */
import { constants, copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SigningKey } from '../attest/keys.ts';
import { inventory } from '../evidence/inventory.ts';
import { place } from '../evidence/seal.ts';
import { PROOFBOX_VERSION } from '../package-root.ts';
import { TESTS_SOURCE_DIR } from '../proofs/evidence.ts';
import { sourceFindings, testsSourceNames } from '../proofs/tests-source.ts';
import type { CageRecord } from '../schema/cage.ts';
import type { Digest } from '../schema/common.ts';
import type { TestsSource } from '../schema/run.ts';
import { loadTestsSource } from '../verdict/tests-source.ts';
import type { RunContext } from './context.ts';

/** A finished run whose tests on the untouched fixture may be used again. */
export interface OfferedTests {
  /** absolute run directory */
  directory: string;
  /** of its digests.json, as it was when that run was over */
  bundle: Digest;
}

/** Tests that this run need not make. */
export interface ReusedTests {
  named: TestsSource;
  record: CageRecord;
  /** puts the other run's documents into the bundle */
  place(artifacts: string): Promise<void>;
}

/** Every run that uses them has a copy: larger ones are not worth it. */
const MAX_BYTES = 4 << 20;

/**
 * Copies what the tests of the other run rest on, and asks of the copy what the proofs will ask.
 * @returns what is wrong with it, in one sentence, where this run must make its own
 */
export async function takeTests(
  offered: OfferedTests,
  context: RunContext,
  key: SigningKey | null,
): Promise<ReusedTests | string> {
  const folder = join(context.paths.spool, TESTS_SOURCE_DIR);
  const names = testsSourceNames(key !== null);
  try {
    await copyBounded(names, join(offered.directory, 'artifacts'), folder);
    const documents = await loadTestsSource(folder);
    const [run, record] = [documents.run.value, documents.cage.value?.verification.before];
    if (run === undefined || record == null) return 'it left no tests on record';
    const named = { run_id: run.run_id, nonce: run.nonce, bundle: offered.bundle };
    const [finding] = sourceFindings(ownFacts(context, key), {
      named,
      documents,
      files: await inventory(folder),
    });
    if (finding !== undefined) return finding.message;
    return { named, record, place: (artifacts) => placeAll(names, folder, artifacts) };
  } catch (error) {
    return (error as Error).message;
  }
}

function ownFacts({ contract, state: { current } }: RunContext, key: SigningKey | null) {
  return {
    run: {
      run_id: contract.run_id,
      nonce: contract.nonce,
      proofbox_version: PROOFBOX_VERSION,
      image: current.image,
      started_at: new Date(current.started_at_ms).toISOString(),
      signer: key?.signer ?? null,
      host_namespaces: current.host_namespaces,
    },
    contract,
    versions: current.versions,
  };
}

/** @throws where a file is missing or they are too large together */
async function copyBounded(names: string[], from: string, to: string): Promise<void> {
  const stats = await Promise.all(names.map((name) => stat(join(from, name))));
  if (stats.reduce((bytes, { size }) => bytes + size, 0) > MAX_BYTES)
    throw new Error('its records are too large');
  await mkdir(to);
  for (const name of names) await copyFile(join(from, name), join(to, name), constants.COPYFILE_EXCL);
}

async function placeAll(names: string[], folder: string, artifacts: string): Promise<void> {
  await mkdir(join(artifacts, TESTS_SOURCE_DIR));
  for (const name of names) await place(join(folder, name), artifacts, `${TESTS_SOURCE_DIR}/${name}`);
}
