/**
 * Stage 2: the engine under review on artificial fixtures, from closed gates to a pass, and every requirement held against
 * what the runs left. It makes ordinary runs with bundles of their own and decides nothing that their proofs do not say.
 */
import { copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadedFixture, loadFixture } from '../contract/fixture.ts';
import { caseEngine } from '../engines/case.ts';
import { listEngines } from '../engines/index.ts';
import { inventory } from '../evidence/inventory.ts';
import { jsonDocument } from '../evidence/json.ts';
import { fileLines } from '../evidence/lines.ts';
import type { GuardedRoot } from '../forbidden/roots.ts';
import type { Provider } from '../gateway/configure.ts';
import { scriptedProvider } from '../gateway/scripted.ts';
import { newIdentity } from '../lane/identity.ts';
import type { RunRequest, RunResult } from '../lane/request.ts';
import { runLane } from '../lane/run.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import type { CageDocument } from '../schema/cage.ts';
import { type BlockerCode, ForbiddenKind } from '../schema/common.ts';
import { GATE_VALUES, type Gates, type Stage1Reference } from '../schema/gates.ts';
import { ForbiddenDocument } from '../schema/report.ts';
import type { Stage2Document } from '../schema/stage2.ts';
import { STAGE1_FILE } from '../stage1/store.ts';
import { bundleProblems, entryOf, plainRequest, type SharedRequest } from '../validation/play.ts';
import { judgeRequirements, type SeenRun, type Stage2Evidence } from './requirements.ts';

export const STAGE2_FILE = 'stage2.json';
const FIXTURE = 'py-interval';
/** The code that is running now. */
const HARNESS = join(PACKAGE_ROOT, 'dist');

export type Stage2Request = SharedRequest & {
  fixturesDir: string;
  /** the gates as the process had them; all open */
  gates: Gates;
  stage1: { reference: Stage1Reference; directory: string };
  candidate: { image: RunRequest['image'] } & NonNullable<RunRequest['candidate']>;
  /** what the user named as forbidden, the source of Case among it */
  forbidden: GuardedRoot[];
  /** the model of the passing lane; null for the scripted one */
  provider: Provider | null;
  defaultEngine: string;
  jsonCommands: string[];
  /** told at the start of each run */
  onRun(name: string): void;
};

const FAILURES: { fixture: string; code: BlockerCode }[] = [
  { fixture: 'fail-no-diff', code: 'no_diff' },
  { fixture: 'fail-disallowed-file', code: 'disallowed_file' },
  { fixture: 'fail-failed-tests', code: 'tests_failed' },
  { fixture: 'fail-missing-test-command', code: 'missing_test_command' },
  { fixture: 'fail-missing-required-event', code: 'missing_required_event' },
  { fixture: 'fail-provider-unavailable', code: 'provider_unavailable' },
];

const CLOSED: { name: string; gates: Gates; hasStage1: boolean; codes: BlockerCode[] }[] = [
  {
    name: 'gates-none',
    gates: { CTO_HARNESS_ALLOW_CASE: null, CTO_HARNESS_CASE_STAGE: null },
    hasStage1: true,
    codes: ['case_disabled', 'stage_gate_missing'],
  },
  {
    name: 'gates-only-stage',
    gates: { CTO_HARNESS_ALLOW_CASE: null, CTO_HARNESS_CASE_STAGE: '2' },
    hasStage1: true,
    codes: ['case_disabled'],
  },
  {
    name: 'gates-only-permission',
    gates: { CTO_HARNESS_ALLOW_CASE: '1', CTO_HARNESS_CASE_STAGE: null },
    hasStage1: true,
    codes: ['stage_gate_missing'],
  },
  {
    name: 'gates-other-words',
    gates: { CTO_HARNESS_ALLOW_CASE: 'true', CTO_HARNESS_CASE_STAGE: '2.0' },
    hasStage1: true,
    codes: ['case_disabled', 'stage_gate_missing'],
  },
  { name: 'gates-no-stage1', gates: { ...GATE_VALUES }, hasStage1: false, codes: ['stage1_missing'] },
];

/**
 * Makes all runs and leaves stage2.json with their bundles below the runs folder.
 * @throws ProofboxError where a run cannot be made at all
 */
export async function runStage2(
  request: Stage2Request,
): Promise<{ document: Stage2Document; directory: string }> {
  const started = new Date();
  const directory = join(request.runsDir, 'stage2', newIdentity(started).runId);
  await mkdir(directory, { recursive: true });
  await copyFile(join(request.stage1.directory, STAGE1_FILE), join(directory, STAGE1_FILE));
  const problems: string[] = [];
  const runs: Stage2Document['runs'] = [];
  const play = async (
    name: string,
    fixtureName: string,
    changes: (fixture: LoadedFixture) => Partial<RunRequest>,
  ) => {
    request.onRun(name);
    const fixture = await loadFixture(fixtureName, request.fixturesDir);
    const result = await runLane(
      plainRequest(request, fixture, { out: join(directory, name), ...changes(fixture) }),
    );
    runs.push(await entryOf(name, result));
    problems.push(...(await bundleProblems(name, result, fixture)));
    return seenRun(name, result);
  };
  const stand = await makeStandIns(request.forbidden);
  try {
    const open: Partial<RunRequest> = {
      engine: caseEngine,
      image: request.candidate.image,
      baselineImage: request.image,
      candidate: request.candidate,
      gates: request.gates,
      stage1: request.stage1.reference,
      forbidden: stand.roots,
    };
    const closed: Stage2Evidence['closed'] = [];
    for (const { name, gates, hasStage1, codes } of CLOSED) {
      const stage1 = hasStage1 ? request.stage1.reference : null;
      closed.push({ codes, run: await play(name, FIXTURE, () => ({ engine: caseEngine, gates, stage1 })) });
    }
    const passing = await play('passing', FIXTURE, (fixture) => ({
      ...open,
      provider: request.provider ?? scriptedProvider(fixture.fixture.fake?.steps ?? []),
    }));
    const failures: Stage2Evidence['failures'] = [];
    for (const { fixture: name, code } of FAILURES)
      failures.push({
        code,
        run: await play(name, name, ({ fixture }) => ({
          ...open,
          provider: code === 'provider_unavailable' ? null : scriptedProvider(fixture.fake?.steps ?? []),
        })),
      });
    const after = await play('default-lane', FIXTURE, () => ({}));
    const requirements = judgeRequirements({
      closed,
      passing,
      failures,
      after,
      defaultEngine: request.defaultEngine,
      enabled: listEngines().flatMap(({ name, enabled }) => (enabled ? [name] : [])),
      jsonCommands: request.jsonCommands,
      stage1Passed: request.stage1.reference.passed,
    });
    const document: Stage2Document = {
      schema: 'proofbox.stage2/v1',
      started_at: started.toISOString(),
      finished_at: new Date().toISOString(),
      passed: problems.length === 0 && requirements.every(({ status }) => status === 'proven'),
      stage1: request.stage1.reference,
      candidate: request.candidate.facts,
      candidate_image: request.candidate.image.digest,
      provider: request.provider?.mode ?? 'scripted',
      requirements,
      runs,
      problems,
    };
    await writeFile(join(directory, STAGE2_FILE), jsonDocument(document), { flag: 'wx' });
    return { document, directory };
  } finally {
    await stand.remove();
  }
}

/** A root of every kind that the user did not name: a folder that nobody may see or change. */
async function makeStandIns(
  given: GuardedRoot[],
): Promise<{ roots: GuardedRoot[]; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'proofbox-guarded-'));
  const roots = [...given];
  if (!given.some(({ kind }) => kind === 'harness_source'))
    roots.push({ kind: 'harness_source', path: HARNESS, resolved: await realpath(HARNESS), mode: 'content' });
  for (const kind of ForbiddenKind.options) {
    if (roots.some((root) => root.kind === kind)) continue;
    const path = join(folder, kind);
    await mkdir(path);
    await writeFile(join(path, 'canary.txt'), `${kind}\n`);
    roots.push({ kind, path, resolved: path, mode: 'content' });
  }
  return { roots, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function seenRun(name: string, { report, directory }: RunResult): Promise<SeenRun> {
  const at = (file: string) => join(directory, 'artifacts', file);
  const cage = JSON.parse(await readFile(at('cage.json'), 'utf8')) as CageDocument;
  const events: string[] = [];
  for await (const line of fileLines(at('events.normalized.jsonl')))
    events.push((JSON.parse(line) as { type: string }).type);
  const cages = [cage.engine, cage.verification.before, cage.verification.after];
  return {
    name,
    report,
    events,
    forbidden: ForbiddenDocument.parse(JSON.parse(await readFile(at('forbidden.json'), 'utf8'))),
    cages: cages.filter((one) => one !== null).length,
    files: [...(await inventory(join(directory, 'artifacts'))).keys()],
  };
}
