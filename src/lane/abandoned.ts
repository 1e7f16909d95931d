/**
 * Seals the runs of harnesses that were killed: what was recorded until then becomes a bundle that says `interrupted`.
 * Nothing is made up: what nobody saw to its end is missing, and its proofs fail.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, readFile, rename, rm, rmdir, truncate } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { SigningKey } from '../attest/keys.ts';
import type { Clock } from '../evidence/clock.ts';
import { contractText } from '../evidence/contract-text.ts';
import { eventLog } from '../evidence/events.ts';
import { jsonDocument, jsonLines } from '../evidence/json.ts';
import { BASELINE_DIR, ENGINE_DIRS, type RunPaths, runPaths } from '../evidence/layout.ts';
import { fileLines } from '../evidence/lines.ts';
import { place, reclaimArtifacts } from '../evidence/seal.ts';
import { Trace } from '../evidence/trace.ts';
import { SBOM_FILE } from '../proofs/evidence.ts';
import type { BaselineSummary } from '../schema/baseline.ts';
import { Report } from '../schema/report.ts';
import { Owner, RunState } from '../schema/state.ts';
import { digestTree } from '../witness/tree.ts';
import { makePatch } from '../workspace/patch.ts';
import { removeTree } from '../workspace/remove.ts';
import { baselineSummary } from './baseline.ts';
import { completeBundle, put } from './bundle.ts';
import { testLog } from './collect.ts';
import { isGone, scrapOwner } from './owner.ts';
import { OWNER_FILE, removeSpool } from './prepare.ts';
import { cageSpool } from './recorded-cage.ts';
import { runDocument } from './run-document.ts';
import { STATE_FILE, StateFile } from './state.ts';

/** What became of one run. */
export interface Sealed {
  directory: string;
  run: string;
  /** `removed`: nothing had been made yet that could be sealed; `done`: its bundle is whole, only working files were left; `kept`: what it had noted cannot be read, and it stays as it is */
  outcome: 'sealed' | 'removed' | 'done' | 'kept';
}

/**
 * Seals every run below `runsDir` whose harness is gone. Call it once their containers are.
 * @throws the disk's error; a run that cannot be sealed stays as it is
 */
export async function sealAbandoned(runsDir: string, key: SigningKey | null): Promise<Sealed[]> {
  const sealed: Sealed[] = [];
  for (const name of (await readdir(runsDir).catch(() => [])).sort()) {
    const one = await sealOne(join(runsDir, name), key);
    if (one !== null) sealed.push(one);
  }
  return sealed;
}

/** @returns null where there is nothing abandoned in this folder */
export async function sealOne(root: string, key: SigningKey | null): Promise<Sealed | null> {
  const paths = runPaths(root);
  const isScrapped = await removeScrap(root);
  const { owner, state } = await readSpool(paths);
  if (owner === null || !isGone(owner)) {
    if (!isScrapped) return null;
    const isDone = await isThere(join(paths.artifacts, 'digests.json'));
    if (!isDone) await rmdir(root).catch(() => undefined);
    return { directory: root, run: basename(root), outcome: isDone ? 'done' : 'removed' };
  }
  // Beside a run of `case`, its fake lane may have been killed with it.
  await sealOne(join(root, BASELINE_DIR), key);
  // Nothing of a run is thrown away that another version may know how to seal.
  if (state === null && (await isThere(join(paths.spool, STATE_FILE))))
    return { directory: root, run: basename(root), outcome: 'kept' };
  const isBegun = (await isThere(paths.workspace)) && (await isThere(paths.artifacts));
  if (state === null || state.before === null || !isBegun) {
    for (const folder of [paths.workspace, paths.artifacts, join(root, BASELINE_DIR)])
      await removeTree(folder);
    await removeSpool(paths);
    await rmdir(root).catch(() => undefined);
    return { directory: root, run: basename(root), outcome: 'removed' };
  }
  await seal(paths, state, state.before, key);
  await removeSpool(paths);
  return { directory: root, run: state.contract.run_id, outcome: 'sealed' };
}

/** Folders that somebody began to make or to remove, and is gone. */
async function removeScrap(root: string): Promise<boolean> {
  let isRemoved = false;
  for (const name of await readdir(root).catch(() => [])) {
    const owner = scrapOwner(name);
    if (owner === null || !isGone(owner)) continue;
    await removeTree(join(root, name));
    isRemoved = true;
  }
  return isRemoved;
}

/** Whose the spool is, and what the run had noted there; null for what is missing or broken. */
async function readSpool({ spool }: RunPaths): Promise<{ owner: Owner | null; state: RunState | null }> {
  const owner = Owner.safeParse(await readJson(join(spool, OWNER_FILE))).data ?? null;
  const state = RunState.safeParse(await readJson(join(spool, STATE_FILE))).data ?? null;
  return { owner, state };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

async function seal(
  paths: RunPaths,
  state: RunState,
  before: NonNullable<RunState['before']>,
  key: SigningKey | null,
): Promise<void> {
  const { contract } = state;
  const planted = await clearTheWay(paths, state);
  // Whoever goes on from here, should this be killed too, must not take our documents for the engine's.
  await new StateFile(paths.spool, state).note({ planted });
  const clock = clockSince(state.started_at_ms);
  const trace = new Trace(clock, contract.nonce, contract.run_id);
  const events = eventLog(clock, contract.nonce);
  const facts = { run_id: contract.run_id, fixture: contract.fixture.id, engine: contract.engine.name };
  events.add('harness', 'run.started', facts);
  events.add('harness', 'run.completed', { ended_by: 'harness_gone' });
  const requests = await trace.span('seal', () => writeEvidence(paths, state, before, events.events));
  const baseline = await baselineOf(paths);
  await completeBundle({
    paths,
    trace,
    signingKey: key,
    runDocument: (files) =>
      runDocument(
        state,
        paths,
        {
          finished: clock.now(),
          interrupted: true,
          forged: planted,
          baseline,
          tests_before: null,
          provider_requests: requests,
          signer: key?.signer ?? null,
        },
        files,
      ),
  });
}

/** Streams that may lie in place already, by the name that the spool has for them. */
function streamsOf(paths: RunPaths): [name: string, spool: string][] {
  const engine = cageSpool(paths.spool, 'engine');
  return [
    ['writes.jsonl', engine.writes],
    ['processes.jsonl', engine.programs],
    ['watch.jsonl', join(paths.spool, 'watch.jsonl')],
    [SBOM_FILE, join(paths.spool, SBOM_FILE)],
    ['provider.jsonl', join(paths.spool, 'provider.jsonl')],
    ['backend/stdout.log', engine.stdout],
    ['backend/stderr.log', engine.stderr],
  ];
}

/**
 * Takes run_artifact_dir back. Where the harness had done so before it was killed, everything in its places is its own:
 * finished streams go back to the spool, half-made documents go.
 */
async function clearTheWay(paths: RunPaths, { contract, planted }: RunState): Promise<string[]> {
  if (planted === null) return reclaimArtifacts(paths.artifacts, contract.nonce);
  for (const [name, spool] of streamsOf(paths))
    if (await isThere(join(paths.artifacts, name))) await rename(join(paths.artifacts, name), spool);
  for (const name of await readdir(paths.artifacts))
    if (!(ENGINE_DIRS as readonly string[]).includes(name)) await removeTree(join(paths.artifacts, name));
  for (const name of await readdir(paths.spool))
    if (name.startsWith('put.')) await rm(join(paths.spool, name), { force: true });
  return planted;
}

/** @returns how many requests the gateway had written down; null where there was none */
async function writeEvidence(
  paths: RunPaths,
  state: RunState,
  before: NonNullable<RunState['before']>,
  events: readonly unknown[],
): Promise<number | null> {
  const { contract } = state;
  const { nonce, limits } = contract;
  const hasProvider = contract.provider.mode !== 'none';
  let requests = 0;
  for (const [name, spool] of streamsOf(paths)) {
    if (name === 'provider.jsonl' && !hasProvider) continue;
    await wholeLines(spool, name.endsWith('.jsonl'));
    if (name === 'provider.jsonl') for await (const _ of fileLines(spool)) requests += 1;
    await place(spool, paths.artifacts, name);
  }
  const after = await digestTree(paths.workspace, {
    maxEntries: limits.workspace_files,
    maxBytes: limits.workspace_bytes,
  });
  const patchFile = join(paths.spool, 'sealed.diff');
  await rm(patchFile, { force: true });
  await removeTree(join(paths.spool, 'sealed-patch'));
  await makePatch({
    before: join(paths.spool, 'pristine'),
    after: paths.workspace,
    leaveOut: contract.engine_state,
    maxBytes: limits.workspace_bytes,
    scratch: join(paths.spool, 'sealed-patch'),
    out: patchFile,
  });
  await place(patchFile, paths.artifacts, 'patch.diff');
  await put(paths, 'contract.json', contractText(contract));
  await put(paths, 'events.normalized.jsonl', jsonLines(events));
  await put(
    paths,
    'cage.json',
    jsonDocument({
      schema: 'proofbox.cage/v1',
      nonce,
      versions: state.versions,
      problem: 'the harness ended before its verdict; what it knew of the container is lost',
      engine: null,
      verification: { before: null, after: null },
    }),
  );
  await put(
    paths,
    'trees.json',
    jsonDocument({
      schema: 'proofbox.trees/v1',
      nonce,
      before,
      after: { digest: after.digest, entries: after.entries, truncated: after.truncated },
    }),
  );
  await put(
    paths,
    'forbidden.json',
    jsonDocument({
      schema: 'proofbox.forbidden/v1',
      nonce,
      roots: state.forbidden,
      searched: [],
      exposures: [],
      overlaps: [],
    }),
  );
  await put(paths, 'test.log', testLog([]));
  return hasProvider ? requests : null;
}

/** A stream as far as it was written, without half a line at its end; empty where it never began. */
async function wholeLines(path: string, isLines: boolean): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_CREAT, 0o600);
  try {
    if (!isLines) return;
    let { size } = await file.stat();
    const byte = Buffer.alloc(1);
    while (size > 0) {
      await file.read(byte, 0, 1, size - 1);
      if (byte[0] === 0x0a) break;
      size -= 1;
    }
    await truncate(path, size);
  } finally {
    await file.close();
  }
}

/** The fake lane beside it, where it had come to its end or was sealed just now. */
async function baselineOf({ root }: RunPaths): Promise<BaselineSummary | null> {
  const directory = join(root, BASELINE_DIR);
  const text = await readFile(join(directory, 'artifacts/report.json'), 'utf8').catch(() => null);
  if (text === null) {
    await removeTree(directory);
    return null;
  }
  return baselineSummary({ report: Report.parse(JSON.parse(text)), directory });
}

/** A clock for a run that began in another process: only the wall clock knows both. */
function clockSince(startedAt: number): Clock {
  return {
    startedAt,
    now: () => ({ at: new Date().toISOString(), t_ms: Math.max(0, Date.now() - startedAt) }),
  };
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}
