/** One run from fixture to verdict. Order and cleaning up only: every step has a file of its own. */
import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { mergeWork } from '../contract/contract.ts';
import type { EnginePlan } from '../engines/engine.ts';
import { fakeEngine } from '../engines/fake.ts';
import { ProofboxError } from '../errors.ts';
import { billText } from '../evidence/bill.ts';
import { type Clock, startClock } from '../evidence/clock.ts';
import { contractText } from '../evidence/contract-text.ts';
import { eventLog } from '../evidence/events.ts';
import type { RunPaths } from '../evidence/layout.ts';
import { Trace } from '../evidence/trace.ts';
import { SBOM_FILE } from '../proofs/evidence.ts';
import { gateBlockers } from '../proofs/gates.ts';
import type { BaselineSummary } from '../schema/baseline.ts';
import { Digest } from '../schema/common.ts';
import type { Contract } from '../schema/contract.ts';
import { digestTree, type TreeDigest } from '../witness/tree.ts';
import { UNBOUNDED } from '../witness/walk.ts';
import { copyFixture, copyTree, type Owner } from '../workspace/copy.ts';
import { initRepository } from '../workspace/repository.ts';
import { hostNamespaces } from './admission.ts';
import type { RunContext } from './context.ts';
import { contractOf, planOf } from './contract-of.ts';
import { type EngineOutcome, prepareEngine, runNothing, type WaitingEngine } from './engine-cage.ts';
import { guardForbidden } from './forbidden.ts';
import { noTraffic, withGateway } from './gateway.ts';
import { newIdentity } from './identity.ts';
import { claimRunDirectory, holdsNothing, makeCageFolders, removeSpool, writeInputs } from './prepare.ts';
import type { StepId } from './progress.ts';
import type { RunRequest, RunResult } from './request.ts';
import type { ReusedTests } from './reused-tests.ts';
import { Rubbish } from './rubbish.ts';
import { StateFile } from './state.ts';
import { type CageUser, claimUser } from './user.ts';
import { prepareTests, type TestsOutcome, type WaitingTests } from './verification.ts';

/**
 * Runs one lane and leaves a sealed bundle.
 * @throws ProofboxError before anything started where the request cannot be carried out; afterwards every
 *   failure is part of the evidence, and the run directory holds a report
 */
export async function runLane(request: RunRequest): Promise<RunResult> {
  const clock = startClock();
  const identity = newIdentity(new Date(clock.startedAt));
  const { nonce, runId } = identity;
  const { work, plan } = planOf(request);
  // Refused before anything is made, not when its turn comes.
  if (request.baselineImage !== null) fakeEngine.plan({ fixture: work, argv: [], candidate: null });
  const { paths, release } = await claimRunDirectory(resolve(request.out ?? join(request.runsDir, runId)));
  const user = await claimUser();
  try {
    const rubbish = new Rubbish();
    const prepared = await prepare(request, { plan, paths, clock, nonce, runId, work, user, rubbish }).catch(
      async (error) => {
        await release();
        throw error;
      },
    );
    const result = await carryOut(request, prepared).catch(async (error) => {
      await rubbish.settled();
      throw await keepUnsealed(paths, error);
    });
    await rubbish.settled();
    await removeSpool(paths);
    return result;
  } finally {
    user.release();
    await request.progress.close();
  }
}

/** A run that broke before its verdict keeps what was recorded, under a name that no bundle has. */
async function keepUnsealed(paths: RunPaths, cause: Error): Promise<ProofboxError> {
  const unsealed = join(paths.root, 'unsealed');
  await rename(paths.spool, unsealed).catch(() => undefined);
  return new ProofboxError('host', `the run broke before its verdict (${cause.message})`, {
    fix: `what was recorded until then lies in ${unsealed}; free some space or mend the cause, then run it again`,
    cause,
  });
}

interface Beginning {
  plan: EnginePlan;
  paths: RunPaths;
  clock: Clock;
  nonce: string;
  runId: string;
  work: ReturnType<typeof mergeWork>;
  user: CageUser;
  rubbish: Rubbish;
}

/** Everything that can still refuse the request: nothing has started, and nothing is left where it throws. */
async function prepare(request: RunRequest, beginning: Beginning): Promise<Prepared> {
  const { plan, paths, clock, nonce, runId, work, user, rubbish } = beginning;
  const owner = { uid: user.uid + request.idShift.uid, gid: user.gid + request.idShift.gid };
  const guard = await guardForbidden(request.forbidden, paths, nonce);
  const pristine = join(paths.spool, 'pristine');
  await copyFixture(request.fixture.workspace, pristine, owner);
  const fixtureTree = await digestTree(pristine, {
    maxEntries: work.limits.workspace_files,
    maxBytes: work.limits.workspace_bytes,
  });
  const contract = contractOf(request, plan, { nonce, runId, fixtureDigest: fixtureTree.digest });
  const namespaces = await hostNamespaces();
  const state = new StateFile(paths.spool, {
    schema: 'proofbox.state/v1',
    started_at_ms: clock.startedAt,
    contract,
    fixture_title: request.fixture.fixture.title,
    image: {
      reference: request.image.reference,
      digest: Digest.parse(request.image.digest),
      components: request.image.bill.components.length,
    },
    versions: request.versions,
    gates: request.gates,
    stage1: request.stage1,
    candidate: request.candidate?.facts ?? null,
    tools: request.tools,
    assignment: request.assignment,
    host_namespaces: namespaces,
    forbidden: guard.firstLooks,
    artifact_dir_was_empty: false,
    before: null,
    planted: null,
  });
  await state.note();
  await writeFile(join(paths.spool, SBOM_FILE), billText(request.image.bill, nonce), { flag: 'wx' });
  const context: RunContext = {
    state,
    docker: request.docker,
    image: request.image,
    paths,
    contract,
    user,
    owner,
    clock,
    events: eventLog(clock, nonce),
    trace: new Trace(clock, nonce, runId),
    rubbish,
    progress: request.progress,
    signal: request.signal,
    hostNamespaces: namespaces,
    forbiddenPaths: request.record === 'reads' ? guard.paths : [],
    runtime: request.runtime,
    allowDegraded: request.allowDegraded,
    withoutAdmission: request.withoutAdmission,
  };
  // What the engine may read is complete only now: its contract names the run.
  const inputs = { ...plan.inputs, 'contract.json': contractText(contract) };
  const size = { entries: fixtureTree.entries.length, bytes: fixtureTree.bytes };
  return { context, plan: { ...plan, inputs }, pristine, size, guard };
}

interface Prepared {
  context: RunContext;
  plan: EnginePlan;
  pristine: string;
  size: { entries: number; bytes: number };
  guard: Awaited<ReturnType<typeof guardForbidden>>;
}

async function carryOut(request: RunRequest, prepared: Prepared): Promise<RunResult> {
  const { context } = prepared;
  const { contract, events } = context;
  events.add('harness', 'run.started', {
    run_id: contract.run_id,
    fixture: contract.fixture.id,
    engine: contract.engine.name,
  });
  const closed = closedGates(request, contract, context.clock.startedAt);
  const baseline = closed.length === 0 ? await playBaseline(request, context) : null;
  const command = closed.length === 0 ? contract.test_command : null;
  const reused = command === null ? null : await reusedTests(request, context);
  await makeCageFolders(context.paths.workspace, context.paths.artifacts, context.owner);
  // Made while others are at work, the one that is waited for first; in each is nothing but the recorder until its turn.
  const engine = closed.length === 0 ? prepareEngine(context, prepared.plan) : null;
  const cages = command === null ? null : testCages(context, command, reused === null);
  try {
    return await withCages(request, prepared, { closed, baseline, engine, cages, reused });
  } finally {
    await Promise.all([engine?.dismiss(), cages?.before?.dismiss(), cages?.after.dismiss()]);
  }
}

/** The fake lane of the same run, for an engine that is compared with it; null for any other. */
async function playBaseline(request: RunRequest, context: RunContext): Promise<BaselineSummary | null> {
  if (request.baselineImage === null) return null;
  const { baselineRequest, baselineSummary } = await import('./baseline.ts');
  const fake = baselineRequest(request, request.baselineImage, context);
  return step(context, 'baseline', async () => baselineSummary(await runLane(fake)));
}

interface TestCages {
  /** null where another run made them */
  before: WaitingTests | null;
  after: WaitingTests;
}

function testCages(context: RunContext, command: string[], makesBoth: boolean): TestCages {
  return {
    before: makesBoth ? prepareTests(context, 'tests_before', command) : null,
    after: prepareTests(context, 'tests_after', command),
  };
}

/** Tests of an earlier run that may stand for those before the engine; null where this run makes its own. */
async function reusedTests(request: RunRequest, context: RunContext): Promise<ReusedTests | null> {
  if (request.testsBefore === null) return null;
  // Most runs need none of it.
  const { takeTests } = await import('./reused-tests.ts');
  const taken = await takeTests(request.testsBefore, context, request.signingKey);
  return typeof taken === 'string' ? null : taken;
}

async function withCages(
  request: RunRequest,
  prepared: Prepared,
  begun: {
    closed: string[];
    baseline: BaselineSummary | null;
    /** null where a gate is closed */
    engine: WaitingEngine | null;
    cages: TestCages | null;
    reused: ReusedTests | null;
  },
): Promise<RunResult> {
  const { context, plan, pristine, guard } = prepared;
  const { paths, events } = context;
  const { closed, baseline, engine, cages, reused } = begun;
  const ownBefore = cages?.before ?? null;
  // Side by side, on copies of their own; both are over before the result is judged.
  const firstDone = settled(
    ownBefore === null ? null : step(context, 'tests_before', () => ownBefore.runOn(pristine)),
  );
  const before = await step(context, 'prepare', () => fillFolders(prepared));
  const engineDone =
    engine !== null
      ? step(context, 'engine', () => withGateway(context, request.provider, () => engine.run()))
      : runNothing(context, `blocked: ${closed.join(', ')}`).then(async (value) => ({
          value,
          traffic: await noTraffic(context, request.provider),
        }));
  const { value: outcome, traffic } = await engineDone;
  const { collect, digestResult, noteTests, reclaim } = await import('./collect.ts');
  const result = digestResult(context);
  // Both only read the result, and need no more than that it stands there to the last byte.
  const secondDone = result.then((after) =>
    settled(afterwards(context, outcome, after, cages?.after ?? null)),
  );
  const remains = outcome.watched
    .then(() => reclaim(context, plan))
    .then(async (planted) => ({ planted, after: await result }));
  // Neither is waited for before the other was.
  for (const promise of [remains, secondDone]) promise.catch(() => undefined);
  const collected = await step(context, 'collect', async () =>
    collect(context, { engine: request.engine, outcome }, pristine, before, await remains),
  ).finally(() => Promise.allSettled([secondDone]));
  const second = await secondDone;
  // Whichever was over first: the patch is told of before the tests.
  noteTests(context, second);
  const first = await firstDone;
  events.add('harness', 'run.completed', { ended_by: outcome.cage?.exit.ended_by ?? 'lost' });
  const report = await step(context, 'judge', async () => {
    const { judge } = await import('./judge.ts');
    return judge({
      context,
      request,
      plan,
      outcome,
      collected,
      before,
      pristine,
      guard,
      traffic,
      baseline,
      tests: { before: first, after: second },
      reused,
    });
  });
  return { report, directory: paths.root };
}

/** Codes of the gates that are closed; the proofs ask the same again of what was written down. */
function closedGates({ gates, stage1 }: RunRequest, contract: Contract, startedAt: number): string[] {
  const started_at = new Date(startedAt).toISOString();
  return gateBlockers({ contract: { value: contract }, run: { gates, stage1, started_at } }).map(
    ({ code }) => code,
  );
}

/** The cage's two folders as the engine will find them; noted before the step counts as done. Returns the workspace's tree. */
async function fillFolders({ context, plan, pristine, size }: Prepared): Promise<TreeDigest> {
  const { contract, paths, events, owner } = context;
  await copyPristine(pristine, paths.workspace, owner);
  const artifactDirWasEmpty = await holdsNothing(paths.artifacts);
  if (contract.git) {
    const maxBytes = contract.limits.workspace_bytes;
    await initRepository(paths.workspace, owner, { ...size, maxBytes });
  }
  await writeInputs(paths.artifacts, plan.inputs, owner);
  events.add('harness', 'task.contract.created', {
    allowed_files: contract.allowed_files,
    test_command: contract.test_command,
  });
  const before = await digestTree(paths.workspace, {
    maxEntries: contract.limits.workspace_files,
    maxBytes: contract.limits.workspace_bytes,
  });
  const { digest, entries } = before;
  await context.state.note({ before: { digest, entries }, artifact_dir_was_empty: artifactDirWasEmpty });
  return before;
}

/** Another copy of our own copy, which holds nothing that could not be copied. */
async function copyPristine(from: string, to: string, owner: Owner): Promise<void> {
  const { leftOut, truncated } = await copyTree(from, to, { ...owner, limits: UNBOUNDED });
  if (truncated || leftOut.length > 0) throw new Error('the copy of the fixture changed while it was copied');
}

/** The tests after the engine; nothing to run where it was interrupted or there is no command. */
async function afterwards(
  context: RunContext,
  outcome: EngineOutcome,
  result: TreeDigest,
  cage: WaitingTests | null,
): Promise<TestsOutcome | null> {
  if (cage === null || outcome.cage === null || context.signal.aborted || result.truncated) return null;
  return step(context, 'tests_after', () => cage.runOn(context.paths.workspace));
}

/** A test run that could not be made is no test run: the tests proof fails, the run goes on to its report. */
async function settled(tests: Promise<TestsOutcome | null> | null): Promise<TestsOutcome | null> {
  return tests === null ? null : tests.catch(() => null);
}

async function step<T>(context: RunContext, id: StepId, act: () => Promise<T>): Promise<T> {
  const { progress, trace } = context;
  const began = performance.now();
  progress.start(id);
  try {
    const value = await trace.span(id, act);
    progress.end(id, 'done', performance.now() - began);
    return value;
  } catch (error) {
    progress.end(id, 'failed', performance.now() - began, (error as Error).message);
    throw error;
  }
}
