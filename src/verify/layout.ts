/** Whether a run directory holds what one holds and nothing else, as plain files and folders. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleFile } from '../evidence/inventory.ts';
import { BASELINE_DIR, DERIVED_FILES, ENGINE_DIRS, ENVELOPES, isDerived } from '../evidence/layout.ts';
import { PROVIDER_FILE, REQUIRED_FILES, SBOM_FILE, TESTS_SOURCE_DIR } from '../proofs/evidence.ts';
import { testsSourceNames } from '../proofs/tests-source.ts';
import { decodeBytes } from '../witness/bytes.ts';
import type { Problem } from './check.ts';

/** Everything that may stand in a run directory; only the bundle must. */
const IN_RUN_DIRECTORY = ['workspace', 'artifacts'];
const RAW_LOGS = ['backend/stdout.log', 'backend/stderr.log'];
/** Of the run that made the tests on the untouched fixture, where this one did not. */
const TESTS_SOURCE = testsSourceNames(true).map((name) => `${TESTS_SOURCE_DIR}/${name}`);
/** The harness's own documents: a reader opens these and no other file. */
const HARNESS_FILES = new Set<string>([
  PROVIDER_FILE,
  SBOM_FILE,
  ...REQUIRED_FILES,
  ...DERIVED_FILES,
  ...Object.values(ENVELOPES),
  ...TESTS_SOURCE,
]);

/** Read in bounded memory, whatever their size. */
const STREAMED = new Set([
  'writes.jsonl',
  'processes.jsonl',
  'watch.jsonl',
  PROVIDER_FILE,
  'patch.diff',
  'test.log',
  ...RAW_LOGS,
]);
/** Far above what the limits of any contract lead to; a larger one is there to exhaust the reader. */
const MAX_DOCUMENT = 256 << 20;

/** Everything that stands where nothing should, is missing, or is no plain file where one must be. */
export async function layoutProblems(
  runDirectory: string,
  files: Map<string, BundleFile>,
  isBaseline = false,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const known = isBaseline ? IN_RUN_DIRECTORY : [...IN_RUN_DIRECTORY, BASELINE_DIR];
  for (const name of await names(runDirectory)) {
    if (!known.includes(name)) problems.push({ file: name, what: 'does not belong in a run directory' });
    else if (!(await lstat(join(runDirectory, name))).isDirectory())
      problems.push({ file: name, what: 'is no folder' });
  }
  for (const name of await names(join(runDirectory, 'artifacts'))) {
    const isFolder = [...ENGINE_DIRS, TESTS_SOURCE_DIR].includes(name);
    if (!isFolder && !files.has(name)) problems.push({ file: name, what: 'is a folder that nobody knows' });
  }
  for (const name of [...REQUIRED_FILES, ...DERIVED_FILES])
    if (!files.has(name)) problems.push({ file: name, what: 'is missing' });
  for (const [path, { kind, size }] of files) {
    if (path.startsWith(`${TESTS_SOURCE_DIR}/`) && !TESTS_SOURCE.includes(path))
      problems.push({ file: path, what: 'is a file that nobody knows' });
    const isHarness = HARNESS_FILES.has(path) || isDerived(path);
    if (isHarness && !STREAMED.has(path) && size > MAX_DOCUMENT)
      problems.push({ file: path, what: `has ${size} bytes, more than any document of a run` });
    if (isHarness && kind !== 'file') problems.push({ file: path, what: `is a ${kind}, not a plain file` });
  }
  return problems;
}

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder, { encoding: 'buffer' })).map((name) => decodeBytes(name)).sort();
}
