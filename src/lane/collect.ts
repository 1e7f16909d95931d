/** Reads what the engine left, once the container is gone. Everything here is hostile input. */
import { constants, createReadStream } from 'node:fs';
import { open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine, EnginePlan } from '../engines/engine.ts';
import { place, reclaimArtifacts } from '../evidence/seal.ts';
import { changedFiles } from '../proofs/changes.ts';
import { testRun } from '../proofs/test-run.ts';
import type { Contract } from '../schema/contract.ts';
import type { TreeChange, TreeEntry } from '../schema/tree.ts';
import { decodeBytes } from '../witness/bytes.ts';
import { diffTrees, digestTree, type TreeDigest } from '../witness/tree.ts';
import { makePatch } from '../workspace/patch.ts';
import type { RunContext } from './context.ts';
import type { EngineOutcome } from './engine-cage.ts';
import type { TestsOutcome } from './verification.ts';

/** What stands there once the engine is gone. */
export interface Remains {
  /** names the engine put where only the harness writes */
  planted: string[];
  after: TreeDigest;
}

export interface Collected extends Remains {
  changes: TreeChange[];
  /** what a git patch cannot say, such as an empty folder or a FIFO */
  inexpressible: string[];
  patchFile: string;
}

/** More than this of an engine's own events is counted by the engine seam, not read. */
const MAX_EVENTS_BYTES = 8 << 20;
const MAX_EVENT_FILES = 100;

const NEWLINE = 0x0a;

/** How the tests after the engine ended; nothing where there were none. */
export function noteTests({ contract, events }: RunContext, tests: TestsOutcome | null): void {
  if (tests === null) return;
  events.add('harness', 'verification.completed', {
    command: contract.test_command,
    exit_code: tests.cage.exit.exit_code,
    passed: testRun(tests.cage)?.passed === true,
  });
}

/** Digests what stands in the workspace. Only reads: the watcher may still look. */
export function digestResult({ paths, contract }: RunContext): Promise<TreeDigest> {
  return digestTree(paths.workspace, {
    maxEntries: contract.limits.workspace_files,
    maxBytes: contract.limits.workspace_bytes,
  });
}

/**
 * Reclaims the artifacts, when the watcher looks no more.
 * @returns names the engine put where only the harness writes
 */
export async function reclaim(context: RunContext, plan: EnginePlan): Promise<string[]> {
  const { paths, contract } = context;
  const planted = await reclaimArtifacts(paths.artifacts, contract.nonce);
  planted.push(...(await alteredInputs(paths.artifacts, plan.inputs)));
  await context.state.note({ planted });
  return planted;
}

/** Takes the patch and the engine's own events. The result is only read. */
export async function collect(
  context: RunContext,
  engine: { engine: Engine; outcome: EngineOutcome },
  pristine: string,
  before: TreeDigest,
  remains: Remains,
): Promise<Collected> {
  const { paths, contract, events } = context;
  const { limits } = contract;
  const { after } = remains;
  const changes = diffTrees(before.entries, after.entries);
  const patchFile = join(paths.spool, 'patch.diff');
  const patch = await makePatch({
    before: pristine,
    after: paths.workspace,
    leaveOut: contract.engine_state,
    maxBytes: limits.workspace_bytes,
    scratch: join(paths.spool, 'patch'),
    discard: (folder) => context.rubbish.discard(folder),
    out: patchFile,
    // The workspace was this copy of the pristine one and a repository, which is engine state.
    trees: { before, after },
  });
  const normalized = engine.engine.normalize({
    text: await readEngineEvents(join(paths.artifacts, 'backend'), engine.engine.speaksIn),
    changed: isChanged(contract, before.entries, after.entries),
  });
  for (const event of normalized.events) events.add('engine', event.type, event.data);
  if (normalized.unmapped > 0)
    events.add('harness', 'engine.events.unmapped', {
      count: normalized.unmapped,
      problems: normalized.problems,
    });
  events.add('harness', 'git.diff.checked', {
    files: patch.files,
    bytes: patch.bytes,
    problem: patch.problem,
  });
  for (const name of ['stdout', 'stderr'] as const) {
    await place(engine.outcome.files[name], paths.artifacts, `backend/${name}.log`);
  }
  return { ...remains, changes, inexpressible: patch.inexpressible, patchFile };
}

/** Inputs the engine altered or added: what it was given is evidence, so a changed copy counts as planted. */
async function alteredInputs(artifacts: string, inputs: Record<string, string>): Promise<string[]> {
  const altered: string[] = [];
  for (const [name, text] of Object.entries(inputs)) {
    const now = await readRegular(join(artifacts, 'inputs', name), Buffer.byteLength(text) + 1);
    if (now?.toString('utf8') !== text) altered.push(`inputs/${name}`);
  }
  const names = await readdir(join(artifacts, 'inputs'), { encoding: 'buffer' });
  altered.push(
    ...names
      .map((name) => decodeBytes(name))
      .filter((name) => !Object.hasOwn(inputs, name))
      .map((name) => `inputs/${name}`),
  );
  return altered;
}

function isChanged(contract: Contract, before: readonly TreeEntry[], after: readonly TreeEntry[]): boolean {
  return changedFiles({ before: { entries: before }, after: { entries: after } }, contract).inPatch;
}

/** Everything the engine said, cut at the bound; null where there is no such file, or only by way of a link. */
async function readEngineEvents(backend: string, place: Engine['speaksIn']): Promise<string | null> {
  if ('file' in place)
    return (await readRegular(join(backend, place.file), MAX_EVENTS_BYTES))?.toString() ?? null;
  const folder = join(backend, place.folder);
  // The engine is gone: what is no link now stays none.
  const real = await realpath(folder).catch(() => null);
  if (real !== join(await realpath(backend), place.folder)) return null;
  const names = (await readdir(folder)).filter((name) => place.names.test(name)).sort();
  const texts: string[] = [];
  let left = MAX_EVENTS_BYTES;
  for (const name of names.slice(0, MAX_EVENT_FILES)) {
    const bytes = await readRegular(join(folder, name), left);
    left -= bytes?.length ?? 0;
    if (bytes !== null) texts.push(bytes.toString('utf8'));
    if (left <= 0) break;
  }
  return texts.length === 0 ? null : texts.join('\n');
}

/** The first `limit` bytes of a regular file; null for a link, FIFO, folder or nothing. Never waits. */
async function readRegular(path: string, limit: number): Promise<Buffer | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => null,
  );
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const bytes = Buffer.alloc(Math.min(limit, Math.max(1, (await file.stat()).size)));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Pieces of test.log: both test runs, each under a line that says which. What the tests wrote is never held whole. */
export async function* testLog(
  runs: {
    title: string;
    /** null where they did not run */
    files: { stdout: string; stderr: string } | null;
    /** where else what they said is to be found; null where nowhere */
    elsewhere: string | null;
  }[],
): AsyncGenerator<string | Buffer> {
  let between = '';
  for (const { title, files, elsewhere } of runs) {
    if (files === null && elsewhere === null) continue;
    yield between;
    between = '\n';
    if (files === null) yield `==> ${title}: ${elsewhere}\n`;
    else {
      yield `==> ${title}: standard output\n`;
      yield* endedText(files.stdout);
      yield `==> ${title}: standard error\n`;
      yield* endedText(files.stderr);
    }
  }
}

/** A file's bytes, and a line's end where it lacks one. */
async function* endedText(path: string): AsyncGenerator<string | Buffer> {
  let last = NEWLINE;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    last = chunk.at(-1) ?? last;
    yield chunk;
  }
  if (last !== NEWLINE) yield '\n';
}
