/** Carries out a batch: each run with a bundle of its own, and none of them twice. Who makes them is another's matter. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import type { SigningKey } from '../attest/keys.ts';
import type { LoadedFixture } from '../contract/fixture.ts';
import { ProofboxError } from '../errors.ts';
import { sealOne } from '../lane/abandoned.ts';
import { enterRun } from '../ledger/append.ts';
import { readChain } from '../ledger/chain.ts';
import type { BatchManifest, BatchRun } from '../schema/batch.ts';
import { RunDocument } from '../schema/run.ts';
import { verifyBundle } from '../verify/bundle.ts';
import type { Executor } from './executor.ts';
import { BatchLog } from './log.ts';
import { bundleOf, ofReport } from './outcome.ts';
import { manifestDigest, type PlannedRun, planRuns } from './plan.ts';

export interface BatchRequest {
  manifest: BatchManifest;
  /** absolute folder of the batch; made where there is none, gone on with where there is one */
  out: string;
  failFast: boolean;
  /** @throws ProofboxError where there is no such fixture */
  fixture(name: string): Promise<LoadedFixture>;
  /** makes what is not done yet */
  executor: Executor;
  /** signs what a kill left half done */
  signingKey: SigningKey | null;
  listener: BatchListener;
  signal: AbortSignal;
}

/** Told as it happens; for the display alone. */
export interface BatchListener {
  begin(plan: readonly PlannedRun[], done: ReadonlyMap<string, BatchRun>): void;
  started(run: PlannedRun, worker?: string): void;
  over(run: BatchRun): void;
  /** something was found in the folder that is no finished run of this batch */
  note(text: string): void;
}

export interface BatchOutcome {
  plan: PlannedRun[];
  done: Map<string, BatchRun>;
}

/** A lock whose owner was killed is taken over after this long. */
const STALE_MS = 5_000;
/** A little longer than that, so that whoever asks again right after a kill is not sent away. */
const PATIENCE = { retries: 14, minTimeout: 500, maxTimeout: 500 };

/**
 * Runs what is not done yet. Ends early where it was told to: by the signal, or by a failure with `failFast`.
 * @throws ProofboxError where the manifest or the folder cannot be used, or somebody else is at work in it
 */
export async function runBatch(batch: BatchRequest): Promise<BatchOutcome> {
  const { manifest, out, listener } = batch;
  const plan = planRuns(manifest);
  await mkdir(join(out, 'runs'), { recursive: true });
  const release = await lock(out, { stale: STALE_MS, retries: PATIENCE }).catch((cause: Error) => {
    throw new ProofboxError('invalid_input', `another batch is at work in ${out}`, {
      fix: 'wait for its end, or give --out another folder',
      cause,
    });
  });
  const head = {
    schema: 'proofbox.batch-log/v1' as const,
    manifest: manifestDigest(manifest),
    runs: plan.length,
  };
  const { log, done: said } = await BatchLog.open(join(out, 'batch.jsonl'), head).catch(async (error) => {
    await release();
    throw error;
  });
  const stop = new AbortController();
  const signal = AbortSignal.any([batch.signal, stop.signal]);
  try {
    const done = await settle(batch, plan, said, log);
    listener.begin(plan, done);
    await batch.executor.carryOut(
      plan.filter(({ key }) => !done.has(key)),
      {
        out,
        stop: signal,
        interrupt: batch.signal,
        started: (run, worker) => listener.started(run, worker),
        note: (text) => listener.note(text),
        async over(outcome) {
          if (done.has(outcome.key)) throw new Error(`${outcome.key} was told twice`);
          done.set(outcome.key, outcome);
          await log.add(outcome);
          listener.over(outcome);
          if (batch.failFast && outcome.status !== 'passed') stop.abort();
        },
      },
    );
    return { plan, done };
  } finally {
    await log.close();
    await release();
  }
}

/** What earlier tries have left: finished runs stay, everything else is set aside and run again. */
async function settle(
  batch: BatchRequest,
  plan: readonly PlannedRun[],
  said: ReadonlyMap<string, BatchRun>,
  log: BatchLog,
): Promise<Map<string, BatchRun>> {
  const { out, signingKey, listener } = batch;
  const done = new Map<string, BatchRun>();
  for (const run of plan) {
    const directory = join(out, 'runs', run.key);
    const known = said.get(run.key);
    if (known !== undefined && isFinal(known) && (await bundleOf(directory)) === known.bundle) {
      done.set(run.key, known);
      continue;
    }
    // A harness that was killed between its run and the log's line has left a whole bundle.
    const sealed = await sealOne(directory, signingKey);
    const found = known === undefined && sealed === null ? await adopted(batch, directory, run) : null;
    if (found !== null) {
      await log.add(found);
      done.set(run.key, found);
      continue;
    }
    const aside = await setAside(out, run.key);
    if (aside !== null)
      listener.note(`${run.key} had not ended as it must: it lies in ${aside} and is run again`);
  }
  return done;
}

/** Ended by itself: neither a signal nor a kill nor a host that could not do it. */
function isFinal({ run_id: id, status }: BatchRun): boolean {
  return id !== null && status !== 'interrupted';
}

/** A whole bundle that nobody had noted, if it holds. */
async function adopted(batch: BatchRequest, directory: string, run: PlannedRun): Promise<BatchRun | null> {
  const bundle = await bundleOf(directory);
  if (bundle === null) return null;
  const { workspace, fixture } = await batch.fixture(run.fixture);
  const { holds, report } = await verifyBundle(directory, {
    fixture: async () => ({ workspace }),
    key: null,
  });
  if (!holds || report === null || report.status === 'interrupted') return null;
  await enterOnce(batch, directory, report.run_id);
  const worker = await signerOfBundle(directory);
  return ofReport(run, report, { bundle, expect: fixture.expect, worker });
}

/** Only a run of a fleet has a worker. */
async function signerOfBundle(directory: string): Promise<BatchRun['worker']> {
  const text = await readFile(join(directory, 'artifacts/run.json'), 'utf8');
  const { assignment, signer } = RunDocument.parse(JSON.parse(text));
  return assignment === null ? null : (signer?.keyid ?? null);
}

/** It may have been killed before the ledger's line or after it. */
async function enterOnce({ out }: BatchRequest, directory: string, runId: string): Promise<void> {
  const file = join(out, 'runs/ledger.jsonl');
  const text = await readFile(file, 'utf8').catch(() => '');
  if (!readChain(text).entries.some(({ run_id: id }) => id === runId)) await enterRun(file, directory);
}

/** Moves what lies in a run's place out of the way; null where nothing does. */
async function setAside(out: string, key: string): Promise<string | null> {
  const from = join(out, 'runs', key);
  if (!existsSync(from)) return null;
  const folder = join(out, 'set-aside');
  await mkdir(folder, { recursive: true });
  for (let n = 1; ; n += 1) {
    const to = join(folder, `${key}-${n}`);
    try {
      await rename(from, to);
      return to;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  }
}
