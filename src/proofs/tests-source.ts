/**
 * Whether the tests on the untouched fixture may be those of an earlier run: one of the same fixture, contract, image and
 * host, over before this one began, and in the bundle as that run's own documents. Pure; the lane asks the same before it
 * leaves out tests of its own.
 */
import type { CageRecord, Versions } from '../schema/cage.ts';
import type { Contract } from '../schema/contract.ts';
import type { ProofId } from '../schema/report.ts';
import type { RunDocument, TestsSource } from '../schema/run.ts';
import { type Evidence, type FileFacts, TESTS_SOURCE_DIR, type TestsSourceDocuments } from './evidence.ts';
import { type Finding, type Place, place } from './outcome.ts';
import { testRun } from './test-run.ts';

/** Documents of the other run that its tests rest on, as they stand in its bundle. */
export const TESTS_SOURCE_FILES = ['run.json', 'contract.json', 'cage.json', 'test.log'] as const;

/** That run's own envelope over its digests.json; there where this run is signed. */
export const TESTS_SOURCE_ENVELOPE = 'attestation.dsse.json';

/** What the other run must have proven, whatever else it came to: of these its tests are a part. */
export const TESTS_SOURCE_PROOFS: readonly ProofId[] = [
  'cage_mounts',
  'cage_privileges',
  'recorder_coverage',
  'freshness',
];

/** Whether these proofs of the other run are enough for its tests. */
export function provesTests(proofs: readonly { id: string; status: string }[]): boolean {
  return TESTS_SOURCE_PROOFS.every((id) =>
    proofs.some((proof) => proof.id === id && proof.status === 'passed'),
  );
}

/** Everything that is taken from the bundle of the other run, by its name there. */
export function testsSourceNames(isSigned: boolean): string[] {
  return ['digests.json', ...TESTS_SOURCE_FILES, ...(isSigned ? [TESTS_SOURCE_ENVELOPE] : [])];
}

/** The same by its path in the bundle that uses the tests; nothing where this run made its own. */
export function testsSourceFiles({ tests_before: named, signer }: RunDocument): string[] {
  if (named === null) return [];
  return testsSourceNames(signer !== null).map((name) => `${TESTS_SOURCE_DIR}/${name}`);
}

/** Older ones are made again: a host changes in ways that nobody wrote down. */
const MAX_AGE_MS = 24 * 3_600_000;

/** What this run has, and the other must have too. */
export interface RunFacts {
  run: Pick<
    RunDocument,
    'run_id' | 'nonce' | 'proofbox_version' | 'image' | 'started_at' | 'signer' | 'host_namespaces'
  >;
  contract: Contract;
  versions: Versions;
}

/** What is known of the other run. */
export interface Source {
  named: TestsSource;
  documents: TestsSourceDocuments;
  /** of its files, by their names in its own bundle */
  files: ReadonlyMap<string, Pick<FileFacts, 'digest'>>;
}

/** Every reason why the tests of `source` cannot stand for those of `own`. */
export function sourceFindings(own: RunFacts, { named, documents, files }: Source): Finding[] {
  const findings = chainFindings(named, documents, files);
  for (const [name, { problem }] of Object.entries(documents))
    if (problem !== undefined) findings.push(finding(`${name}.json`, problem));
  const [run, contract, cage] = [documents.run.value, documents.contract.value, documents.cage.value];
  if (run === undefined || contract === undefined || cage === undefined) return findings;
  const problems: string[] = [];
  const nonces = [run, contract, cage, documents.digests.value].map((document) => document?.nonce);
  if (nonces.some((nonce) => nonce !== named.nonce)) problems.push('carries another nonce');
  if (run.run_id !== named.run_id || contract.run_id !== named.run_id) problems.push('is of another run');
  if (own.run.run_id === named.run_id || own.run.nonce === named.nonce) problems.push('is of this very run');
  const same: [string, unknown, unknown][] = [
    ['fixture', own.contract.fixture, contract.fixture],
    ['test command', own.contract.test_command, contract.test_command],
    ['limits', own.contract.limits, contract.limits],
    ['engine state', own.contract.engine_state, contract.engine_state],
    ['image', own.run.image.digest, run.image.digest],
    ['version of proofbox', own.run.proofbox_version, run.proofbox_version],
    ['container engine or kernel', own.versions, cage.versions],
    ['host', own.run.host_namespaces, run.host_namespaces],
    ['signer', own.run.signer?.keyid ?? null, run.signer?.keyid ?? null],
  ];
  for (const [what, ours, theirs] of same) if (!isSame(ours, theirs)) problems.push(`had another ${what}`);
  if (run.tests_before !== null) problems.push('has its tests from another run itself');
  if (testRun(cage.verification.before)?.stopped !== null)
    problems.push('has no tests that came to their end');
  const age = Date.parse(own.run.started_at) - Date.parse(run.finished_at);
  if (!(age >= 0)) problems.push('was not over when this run began');
  else if (age > MAX_AGE_MS) problems.push('was over more than a day before this run began');
  return [...findings, ...problems.map((problem) => finding('run.json', problem))];
}

/** Everything that keeps the record of the tests before from being the named run's. */
export function testsSourceFindings(evidence: Evidence): Finding[] {
  const { run, testsSource, files } = evidence;
  const folder = `${TESTS_SOURCE_DIR}/`;
  const theirs = [...files].filter(([file]) => file.startsWith(folder));
  if (run.tests_before === null || testsSource === null)
    return theirs.map(([file]) =>
      finding(file.slice(folder.length), 'is there, and run.json names no such run'),
    );
  const [contract, cage] = [evidence.contract.value, evidence.cage.value];
  // Without them there is nothing to compare, and nothing that could pass.
  if (contract === undefined || cage === undefined) return [];
  const findings = sourceFindings(
    { run, contract, versions: cage.versions },
    {
      named: run.tests_before,
      documents: testsSource,
      files: new Map(theirs.map(([file, facts]) => [file.slice(folder.length), facts])),
    },
  );
  if (!isSame(cage.verification.before, testsSource.cage.value?.verification.before))
    findings.push({
      code: 'evidence_incomplete',
      message: 'the tests before the engine are not on record as the named run has them',
      place: place('cage', '/verification/before'),
    });
  return findings;
}

/** The run whose record this is: another one only for the tests on the untouched fixture, where they are that one's. */
export function runOf({ run, testsSource }: Evidence, { role }: CageRecord): RunDocument {
  return role === 'tests_before' ? (testsSource?.run.value ?? run) : run;
}

/** Where the tests of the other run are on record; nothing where this run made its own. */
export function testsSourcePlaces({ run }: Evidence): Place[] {
  if (run.tests_before === null) return [];
  return [
    { file: `${TESTS_SOURCE_DIR}/digests.json` },
    { file: `${TESTS_SOURCE_DIR}/run.json` },
    { file: `${TESTS_SOURCE_DIR}/cage.json`, at: '/verification/before' },
  ];
}

/** From the name in run.json to every document: each digest must be the one that the link before it says. */
function chainFindings(
  { bundle }: TestsSource,
  { digests }: TestsSourceDocuments,
  files: Source['files'],
): Finding[] {
  if (files.get('digests.json')?.digest !== bundle)
    return [finding('digests.json', 'is not the one that run.json names')];
  return TESTS_SOURCE_FILES.flatMap((name) => {
    const digest = files.get(name)?.digest ?? null;
    const isListed = digest !== null && digests.value?.files[name]?.digest === digest;
    return isListed ? [] : [finding(name, "is not what that run's digests.json says")];
  });
}

/** Equal as JSON, whatever the order of the keys. */
function isSame(one: unknown, other: unknown): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value ?? null, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    );
  return text(one) === text(other);
}

function finding(name: string, what: string): Finding {
  const file = `${TESTS_SOURCE_DIR}/${name}`;
  return { code: 'evidence_incomplete', message: `${file} ${what}`, place: { file } };
}
