/** Runs the engine in its cage with the watcher on both folders and the limits on the workspace. */
import { join } from 'node:path';
import type { EndedCage } from '../cage/run.ts';
import type { EnginePlan } from '../engines/engine.ts';
import { openSpool } from '../evidence/spool.ts';
import type { CageRecord } from '../schema/cage.ts';
import { measureUsage } from '../workspace/usage.ts';
import { admission } from './admission.ts';
import type { RunContext } from './context.ts';
import { ownerLabels } from './identity.ts';
import { type CageSpool, cageSpool, runRecordedCage } from './recorded-cage.ts';
import { WaitingCage } from './waiting-cage.ts';

export interface EngineOutcome {
  /** null where no container could be made; `removed` is not known yet */
  cage: CageRecord | null;
  /** the same once the container is removed. Never rejects */
  whole: Promise<CageRecord | null>;
  problem: string | null;
  files: CageSpool;
  watchFile: string;
  /** over when everything that happened in the two folders has been seen: until then they may only be read. Never rejects */
  watched: Promise<unknown>;
}

/** The engine's cage, made before its turn. Its folders may be filled until then. */
export interface WaitingEngine {
  /** Has the watcher look and lets the engine begin. Call it once. */
  run(): Promise<EngineOutcome>;
  /** Gives the cage up unused; over when it is removed. Without effect once `run` was called. Never rejects. */
  dismiss(): Promise<void>;
}

/** The outcome of a run whose engine a gate kept from starting: empty records, and no container. */
export async function runNothing(context: RunContext, why: string): Promise<EngineOutcome> {
  const files = cageSpool(context.paths.spool, 'engine');
  const { watchFile, watcher } = await watch(context);
  await watcher.drain();
  for (const file of Object.values(files)) await (await openSpool(file)).close();
  return {
    cage: null,
    whole: Promise.resolve(null),
    problem: why,
    files,
    watchFile,
    watched: Promise.resolve(),
  };
}

/** Makes the engine's cage. Its two folders stand there, and nothing is in them that the watcher would have to see. */
export function prepareEngine(context: RunContext, plan: EnginePlan): WaitingEngine {
  const files = cageSpool(context.paths.spool, 'engine');
  const cage = new WaitingCage((turn) => engineCage(context, plan, { files, turn }));
  return {
    run: () => runEngine(context, cage, files),
    dismiss: () => cage.dismiss(),
  };
}

/** Watcher ready, engine begun, watcher drained: in this order, whatever happens in between. */
async function runEngine(context: RunContext, cage: WaitingCage, files: CageSpool): Promise<EngineOutcome> {
  const { watchFile, watcher } = await watch(context);
  const begun = cage.begin();
  const drain = () => watcher.drain();
  const watched = begun.then(drain, drain);
  try {
    const ended = await begun;
    const exit = await exitWithinSpace(context, ended.cage);
    const whole = ended.whole.then((record) => ({ ...record, exit }));
    return { cage: { ...ended.cage, exit }, whole, problem: null, files, watchFile, watched };
  } catch (error) {
    const problem = (error as Error).message;
    return { cage: null, whole: Promise.resolve(null), problem, files, watchFile, watched };
  }
}

async function watch({ paths, contract, clock }: RunContext) {
  const watchFile = join(paths.spool, 'watch.jsonl');
  // Its library is loaded while the container is made.
  const { startWatcher } = await import('../witness/watcher.ts');
  const watcher = await startWatcher({
    workspace: paths.workspace,
    artifacts: paths.artifacts,
    clock: () => clock.now().t_ms,
    spoolFile: watchFile,
    nonce: contract.nonce,
  });
  return { watchFile, watcher };
}

function engineCage(
  context: RunContext,
  plan: EnginePlan,
  { files, turn }: { files: CageSpool; turn: Promise<boolean> },
): Promise<EndedCage> {
  const { paths, contract, user } = context;
  const { limits } = contract;
  return runRecordedCage(
    context.docker,
    {
      role: 'engine',
      runId: contract.run_id,
      nonce: contract.nonce,
      image: context.image,
      workspaceDir: paths.workspace,
      artifactsDir: paths.artifacts,
      user,
      argv: plan.argv,
      env: plan.env,
      limits,
      record: contract.record,
      ...(context.runtime === undefined ? {} : { runtime: context.runtime }),
      allowDegraded: context.allowDegraded,
      labels: ownerLabels(contract.run_id, 'engine'),
    },
    {
      timeoutMs: limits.timeout_ms,
      forbiddenPaths: context.forbiddenPaths,
      admit: admission(context, 'engine'),
      turn,
      watchLimits: async () => ((await isOverSpace(context)) ? 'workspace_limit' : null),
      meanwhile: loadWhatComesAfter,
      signal: context.signal,
      imageConfig: context.image.config,
    },
    files,
    ({ allowed, denied }) => context.progress.note('engine', `${allowed} writes allowed, ${denied} denied`),
  );
}

/** A large part of the program is needed only when the engine is gone, and has time to load until then. */
function loadWhatComesAfter(): void {
  // Where it cannot be loaded, whoever needs it says so.
  void Promise.all([import('execa'), import('./collect.ts'), import('./judge.ts')]).catch(() => undefined);
}

/** An engine may pass the limit and end between two looks, or be stopped by the kernel at the largest file. */
async function exitWithinSpace(context: RunContext, { exit }: CageRecord): Promise<CageRecord['exit']> {
  if (exit.stop_reason !== null || !(await isOverSpace(context))) return exit;
  return { ...exit, stop_reason: 'workspace_limit' };
}

async function isOverSpace({ paths, contract }: RunContext): Promise<boolean> {
  const { workspace_bytes, workspace_files } = contract.limits;
  const limits = { maxBytes: workspace_bytes, maxEntries: workspace_files };
  return (await measureUsage([paths.workspace, paths.artifacts], limits)).exceeded;
}
