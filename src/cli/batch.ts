/** `proofbox batch`: many runs, made here or by a fleet, with a summary. */
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readSigningKey } from '../attest/keys.ts';
import type { Executor } from '../batch/executor.ts';
import { localExecutor } from '../batch/local.ts';
import { manifestDigest, type PlannedRun } from '../batch/plan.ts';
import { type BatchRequest, runBatch } from '../batch/run.ts';
import { summarize } from '../batch/summary.ts';
import { loadConfig } from '../contract/config.ts';
import { loadFixture } from '../contract/fixture.ts';
import { readDocument } from '../contract/read.ts';
import { findLeftovers, removeLeftovers } from '../docker/leftovers.ts';
import { jsonDocument } from '../evidence/json.ts';
import { hostId, processStart } from '../lane/identity.ts';
import { renderBatchHtml } from '../report/batch/html.tsx';
import { renderBatchJunit } from '../report/batch/junit.ts';
import { renderBatchMarkdown } from '../report/batch/markdown.ts';
import { BatchManifest, type BatchReport } from '../schema/batch.ts';
import type { Config } from '../schema/config.ts';
import { batchProgress } from './batch-progress.ts';
import {
  admittedWorkers,
  checkFleetOptions,
  type FleetBatchOptions,
  fleetBatchExecutor,
  type PlacedRun,
} from './fleet-batch.ts';
import { withNats } from './nats.ts';
import { printJson, say } from './output.ts';
import { FIXTURES_DIR } from './paths.ts';
import { checkEngine, type RunOptions, runRequest } from './request.ts';
import { cageHost } from './shared.ts';
import { withSignals } from './signals.ts';

export interface BatchOptions extends FleetBatchOptions {
  out?: string;
  failFast?: boolean;
  keepGoing?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Runs the manifest, writes the summary and sets the exit code of the worst run. */
export async function batch(manifestFile: string, options: BatchOptions): Promise<void> {
  const manifest = await readDocument(manifestFile, 'manifest', BatchManifest);
  const config = await loadConfig(process.cwd());
  for (const { engine, command, npm } of manifest.engines)
    checkEngine({ ...runOptions(options), engine, npm }, command);
  const fixtureOf = (name: string) => loadFixture(placed(manifestFile, name), FIXTURES_DIR);
  // Every fixture is read before the first run: a misspelt one would be found an hour later.
  for (const name of manifest.fixtures) await fixtureOf(name);
  const runsDir = resolve(config.runs_dir ?? 'runs');
  const digest = manifestDigest(manifest).replace('sha256:', '');
  const out = resolve(options.out ?? join(runsDir, `batch-${digest.slice(0, 12)}`));
  const keyFile = options.sign ?? config.signing_key;
  const signingKey = keyFile === undefined ? null : await readSigningKey(resolve(keyFile));
  const whole = { manifestFile, options, manifest, config };
  const carryOut = (executor: Executor, signal: AbortSignal) =>
    conclude({ ...whole, signal }, { out, signingKey, fixture: fixtureOf, executor });
  if (options.nats === undefined)
    return withSignals(async (signal) => carryOut(await localRuns({ ...whole, signal }), signal));
  const { nats } = options;
  checkFleetOptions(options);
  const admitted = await admittedWorkers(options.admitWorker);
  const placedOf = (run: PlannedRun) => placedRun(manifestFile, run, options);
  await withNats({ ...options, nats }, 'proofbox batch', (connection) =>
    withSignals(async (signal) => {
      const more = { admitted, config, placed: placedOf, manifestFile };
      await carryOut(await fleetBatchExecutor(connection, options, more), signal);
    }),
  );
}

interface Given {
  manifestFile: string;
  options: BatchOptions;
  manifest: BatchManifest;
  config: Config;
  signal: AbortSignal;
}

/** Runs it, whoever makes the runs, and says what came of it. */
async function conclude(
  { options, manifest, signal }: Given,
  place: Pick<BatchRequest, 'out' | 'signingKey' | 'fixture' | 'executor'>,
): Promise<void> {
  const { plan, done } = await runBatch({
    ...place,
    manifest,
    failFast: options.keepGoing === true ? false : (options.failFast ?? manifest.on_failure === 'fail_fast'),
    listener: batchProgress({ shown: options.json !== true && options.quiet !== true }),
    signal,
  });
  const report = summarize(manifest, plan, done, { madeAt: new Date(), wasStopped: signal.aborted });
  await writeSummary(place.out, report);
  if (options.json === true) printJson(report);
  else tell(report, place.out);
  process.exitCode = report.exit_code;
}

/** Paths of a manifest are relative to it; a bare name is looked for where fixtures are. */
function placed(manifestFile: string, name: string): string {
  return name.includes('/') ? resolve(dirname(manifestFile), name) : name;
}

function runOptions({ forbid, runtime, sign }: BatchOptions): RunOptions {
  return {
    engine: 'fake',
    forbid,
    provider: 'none',
    npm: [],
    record: 'writes',
    ...(runtime === undefined ? {} : { runtime }),
    ...(sign === undefined ? {} : { sign }),
  };
}

/** One run of the manifest in the words of `proofbox run`. */
function placedRun(manifestFile: string, { engine, fixture }: PlannedRun, options: BatchOptions): PlacedRun {
  const { contract } = engine;
  return {
    fixture: placed(manifestFile, fixture),
    words: engine.command,
    run: {
      ...runOptions(options),
      engine: engine.engine,
      npm: engine.npm,
      provider: engine.provider,
      record: engine.record,
      ...(contract === undefined ? {} : { contract: resolve(dirname(manifestFile), contract) }),
    },
    limits: Object.fromEntries(Object.entries(engine.limits).filter(([, value]) => value !== undefined)),
  };
}

/** Makes the runs here. @throws ProofboxError where this host cannot */
async function localRuns(given: Given): Promise<Executor> {
  const { manifestFile, options, manifest, signal } = given;
  const host = await cageHost(options.runtime);
  await removeLeftovers(host.docker, await findLeftovers(host.docker, { hostId: hostId(), processStart }));
  return localExecutor({
    concurrency: options.concurrency ?? manifest.concurrency ?? availableParallelism(),
    sharesTests: manifest.tests_before === 'once',
    async request(run, directory) {
      const { fixture, words, run: asked, limits } = placedRun(manifestFile, run, options);
      const request = await runRequest(
        async () => host,
        fixture,
        words,
        { ...asked, out: directory },
        signal,
      );
      return { ...request, limits: { ...request.limits, ...limits } };
    },
  });
}

async function writeSummary(out: string, report: BatchReport): Promise<void> {
  const files = {
    'batch.json': jsonDocument(report),
    'batch.md': renderBatchMarkdown(report),
    'batch.html': renderBatchHtml(report),
    'batch.xml': renderBatchJunit(report),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(out, name), text);
}

function tell(report: BatchReport, out: string): void {
  const { asked, runs, passed, not_run: open } = report;
  say(
    `${passed} of ${asked} runs passed${runs - passed > 0 ? `, ${runs - passed} did not` : ''}${open > 0 ? `, ${open} were not run` : ''}`,
  );
  for (const { key, status, blockers, error } of report.all
    .filter((run) => run.status !== 'passed')
    .slice(0, 20))
    say(
      `  ${key}: ${status}${blockers.length > 0 ? ` (${blockers.join(', ')})` : ''}${error === null ? '' : `: ${error}`}`,
    );
  if (open > 0) say('the same command goes on where this one stopped');
  say(`summary: ${join(out, 'batch.md')}, batch.html, batch.json and batch.xml`);
}
