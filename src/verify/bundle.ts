/**
 * Verifies a run directory with nothing but its files: no container engine, no network, no trust in report.json.
 * The bundle comes from somebody whom the reader need not trust: nothing in it is followed, run or waited for.
 */
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attestedDigests } from '../attest/statements.ts';
import { ProofboxError } from '../errors.ts';
import { type BundleFile, inventory } from '../evidence/inventory.ts';
import { jsonDocument } from '../evidence/json.ts';
import { BASELINE_DIR, ENVELOPES } from '../evidence/layout.ts';
import { fileLines } from '../evidence/lines.ts';
import { type Evidence, RUN_FILE, SBOM_FILE } from '../proofs/evidence.ts';
import type { Report } from '../schema/report.ts';
import type { Signer } from '../schema/run.ts';
import { type Derived, deriveReport } from '../verdict/derive.ts';
import { readPage } from '../verdict/page.ts';
import { digestBytes } from '../witness/content.ts';
import { baselineCheck, type FoundBaseline } from './baseline.ts';
import { type Check, checkOf, type Problem, skipped } from './check.ts';
import { digestProblems } from './digests.ts';
import { exposureProblems } from './exposure.ts';
import { layoutProblems } from './layout.ts';
import { patchCheck } from './patch.ts';
import { renderingCheck, reportChecks } from './report.ts';
import { SOURCE_ENVELOPE, signatureCheck } from './signature.ts';
import { traceProblems } from './trace.ts';
import { treeProblems, workspaceCheck } from './trees.ts';

export interface VerifyOptions {
  /** finds the workspace of the fixture with this id, or says why not */
  fixture: (id: string) => Promise<{ workspace: string } | { problem: string }>;
  /** the key that must have signed the run; null where the reader has none */
  key: Signer | null;
  /** it is the fake lane of another run, beside which no further one may lie */
  isBaseline?: boolean;
}

export interface Verification {
  /** no check failed: the bundle is what it says. Not that the run passed */
  holds: boolean;
  checks: Check[];
  /** the report as the evidence makes it; null where too little is there */
  report: Report | null;
}

/**
 * Runs every check.
 * @throws ProofboxError `invalid_input` where there is no run directory
 */
export async function verifyBundle(runDirectory: string, options: VerifyOptions): Promise<Verification> {
  const artifacts = join(runDirectory, 'artifacts');
  const { files, problems } = await openBundle(runDirectory, options.isBaseline);
  const layout = checkOf('layout', problems, `${files.size} files, none unknown`);
  // A document that is missing, a link or a FIFO is not opened: what it would say is not known.
  if (layout.status === 'failed') return conclude([layout], null);
  const read = (name: string) => readFile(join(artifacts, name), 'utf8');
  const derived = await deriveReport(artifacts, files).catch((error: Error) => error);
  const nonce = derived instanceof Error ? '' : derived.evidence.run.nonce;
  const digests = checkOf(
    'digests',
    digestProblems(await read('digests.json'), nonce, files),
    'every file is what digests.json says, and none is unlisted',
  );
  if (derived instanceof Error) {
    const file = derived.message.split(':')[0] ?? 'run.json';
    const what = `cannot be read, so that nothing can be derived: ${derived.message}`;
    return conclude([layout, digests, checkOf('report', [{ file, what }], '')], null);
  }
  const { evidence } = derived;
  const checks = [
    layout,
    digests,
    checkOf(
      'canonical',
      await canonicalProblems(read, files.has(SBOM_FILE)),
      'every document is the one text that its content makes',
    ),
    ...reportChecks(await read('report.json'), derived),
    await renderings(artifacts, derived),
    checkOf(
      'trace',
      traceProblems(await lines(join(artifacts, 'trace.jsonl')), evidence.run),
      'one trace of this run, every step inside it',
    ),
    checkOf('exposure', await exposureProblems(artifacts, evidence, files), exposureHolds(evidence)),
    ...(await treeChecks(runDirectory, evidence)),
    signatureCheck(
      await envelopes(artifacts, files),
      { ...derived, digests: await attestedDigests(artifacts) },
      options.key,
    ),
  ];
  const baseline = baselineCheck(evidence.run, await findBaseline(runDirectory, options));
  if (baseline !== null) checks.push(baseline);
  checks.push(await patch(artifacts, derived, options, checks));
  return conclude(checks, derived.report);
}

/** The fake lane beside a run, verified like any bundle; null where there is none. It can hold no further one. */
async function findBaseline(runDirectory: string, options: VerifyOptions): Promise<FoundBaseline | null> {
  const directory = join(runDirectory, BASELINE_DIR);
  if (options.isBaseline === true || (await lstat(directory).catch(() => null)) === null) return null;
  const verification = await verifyBundle(directory, { ...options, isBaseline: true }).catch(
    (error: Error): Verification => ({
      holds: false,
      checks: [checkOf('layout', [{ file: BASELINE_DIR, what: error.message }], '')],
      report: null,
    }),
  );
  if (verification.report === null) return { verification, digest: null };
  return { verification, digest: digestBytes(await readFile(join(directory, 'artifacts/digests.json'))) };
}

/**
 * Looks at what stands in a run directory without opening any of its documents.
 * @throws ProofboxError `invalid_input` where there is no run directory
 */
export async function openBundle(
  runDirectory: string,
  isBaseline = false,
): Promise<{ files: Map<string, BundleFile>; problems: Problem[] }> {
  const artifacts = join(runDirectory, 'artifacts');
  await requireFolder(runDirectory, artifacts);
  const files = await inventory(artifacts);
  return { files, problems: await layoutProblems(runDirectory, files, isBaseline) };
}

function conclude(checks: Check[], report: Report | null): Verification {
  return { holds: report !== null && checks.every(({ status }) => status !== 'failed'), checks, report };
}

function exposureHolds({ forbidden }: Evidence): string {
  const count = forbidden.value?.roots.length ?? 0;
  return count === 0
    ? 'no forbidden root was configured'
    : `the paths of ${count} forbidden roots stand nowhere unnoticed`;
}

/** Two readers could take different values from a document that names a key twice, or hide words between its lines. */
async function canonicalProblems(
  read: (name: string) => Promise<string>,
  hasBill: boolean,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const always = [RUN_FILE, 'cage.json', 'contract.json', 'trees.json', 'forbidden.json'];
  for (const file of hasBill ? [...always, SBOM_FILE] : always) {
    const text = await read(file);
    if (text !== reprinted(text)) problems.push({ file, what: 'is not the one text that its content makes' });
  }
  return problems;
}

function reprinted(text: string): string | null {
  try {
    return jsonDocument(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A trace or a pointer that makes no sense fails checks of its own; here it only means that no page can be made. */
async function renderings(artifacts: string, derived: Derived): Promise<Check> {
  const read = (name: string) => readFile(join(artifacts, name), 'utf8');
  try {
    const texts = { 'report.md': await read('report.md'), 'report.html': await read('report.html') };
    return renderingCheck(texts, derived, await readPage(artifacts, derived));
  } catch (error) {
    const what = `cannot be made again: ${(error as Error).message}`;
    return checkOf('renderings', [{ file: 'report.html', what }], '');
  }
}

async function treeChecks(runDirectory: string, { trees }: Evidence): Promise<Check[]> {
  const { value } = trees;
  if (value === undefined) return [checkOf('trees', [{ file: 'trees.json', what: trees.problem }], '')];
  return [
    checkOf('trees', treeProblems(value), 'both trees are what their digests say'),
    await workspaceCheck(join(runDirectory, 'workspace'), value),
  ];
}

/** Copying a fixture is the one costly check: only a bundle that holds otherwise is worth it. */
async function patch(
  artifacts: string,
  { evidence, report }: Derived,
  options: VerifyOptions,
  others: Check[],
): Promise<Check> {
  const id = 'patch';
  const [contract, trees] = [evidence.contract.value, evidence.trees.value];
  if (contract === undefined || trees === undefined || others.some(({ status }) => status === 'failed'))
    return skipped(id, 'not applied: other checks failed');
  if (report.status !== 'passed') {
    if (trees.after.truncated)
      return skipped(id, 'the tree was not read whole, so that there is no whole patch');
    const made = evidence.events.value?.find(({ type }) => type === 'git.diff.checked')?.data.problem;
    if (typeof made === 'string') return skipped(id, `the run could make no patch: ${made}`);
  }
  return patchCheck({
    patch: join(artifacts, 'patch.diff'),
    contract,
    trees,
    fixture: await options.fixture(contract.fixture.id),
  });
}

async function envelopes(artifacts: string, files: Map<string, BundleFile>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of [...Object.values(ENVELOPES), SOURCE_ENVELOPE])
    if (files.has(name)) found.set(name, await readFile(join(artifacts, name), 'utf8'));
  return found;
}

async function lines(path: string): Promise<string[]> {
  const all: string[] = [];
  for await (const line of fileLines(path)) all.push(line);
  return all;
}

async function requireFolder(runDirectory: string, artifacts: string): Promise<void> {
  for (const path of [runDirectory, artifacts]) {
    const stat = await lstat(path).catch(() => null);
    if (stat?.isDirectory()) continue;
    const why =
      stat === null ? 'does not exist' : stat.isSymbolicLink() ? 'is a symbolic link' : 'is no folder';
    throw new ProofboxError('invalid_input', `${path} ${why}`, {
      fix: 'give a run directory, such as runs/20260102T030405Z-0a1b2c3d, which holds artifacts/',
    });
  }
}
