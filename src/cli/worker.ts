/** `proofbox worker`: makes runs that a batch on another host asks for. */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { resolve } from 'node:path';
import { readSigningKey } from '../attest/keys.ts';
import { loadConfig } from '../contract/config.ts';
import { readGates } from '../contract/gates.ts';
import { fleetInputs } from '../docker/inputs.ts';
import { findLeftovers, removeLeftovers } from '../docker/leftovers.ts';
import { DEFAULT_CASE } from '../engines/case.ts';
import { EXIT, ProofboxError } from '../errors.ts';
import type { AddressOptions } from '../fleet/address.ts';
import { type Fetched, Impossible, NotMine } from '../fleet/serve.ts';
import { bundlesStore, inputsStore, workersBucket } from '../fleet/streams.ts';
import { requireToken } from '../fleet/subjects.ts';
import { work } from '../fleet/worker.ts';
import { readProvider } from '../gateway/configure.ts';
import { planOf } from '../lane/contract-of.ts';
import { hostId, processStart } from '../lane/identity.ts';
import type { RunRequest } from '../lane/request.ts';
import { runLane } from '../lane/run.ts';
import { PACKAGE_ROOT, PROOFBOX_VERSION } from '../package-root.ts';
import { areGatesOpen } from '../proofs/gates.ts';
import type { Config } from '../schema/config.ts';
import type { Limits } from '../schema/fixture.ts';
import type { Ask } from '../schema/fleet.ts';
import { bindingOf } from '../stage1/binding.ts';
import { newestStage1 } from '../stage1/store.ts';
import { withNats } from './nats.ts';
import { say } from './output.ts';
import { askedWork, checkEngine, type RunOptions, runRequest } from './request.ts';
import { type CageHost, cageHost } from './shared.ts';
import { withTwoSignals } from './signals.ts';

export interface WorkerCommandOptions extends AddressOptions {
  sign?: string;
  name?: string;
  concurrency?: number;
  label: string[];
  runs?: string;
  forbid: string[];
  allowProvider: string[];
  runtime?: string;
  quiet?: boolean;
}

/** Works until it is told to stop: once to drain, twice to end at once. */
export async function worker(options: WorkerCommandOptions): Promise<void> {
  const config = await loadConfig(process.cwd());
  const keyFile = options.sign ?? config.signing_key;
  if (options.nats === undefined || keyFile === undefined)
    throw new ProofboxError(
      'usage',
      options.nats === undefined ? 'a worker needs --nats URL' : 'a worker needs a key to sign with',
      {
        fix: 'give --nats URL and --sign KEY (proofbox keygen makes one; batches name its .pub with --admit-worker)',
      },
    );
  const key = await readSigningKey(resolve(keyFile));
  const { pool = 'main', ...labels } = labelsOf(options.label);
  const runtime = requireToken(options.runtime ?? 'default', 'runtime');
  requireToken(pool, 'pool');
  const providers = await Promise.all(options.allowProvider.map((text) => readProvider(text, {})));
  const name = options.name ?? hostname();
  await withNats(options, `proofbox worker ${name}`, async (nats) => {
    const host = await cageHost(options.runtime);
    const runsDir = resolve(options.runs ?? config.runs_dir ?? 'runs');
    await mkdir(runsDir, { recursive: true });
    await removeLeftovers(host.docker, await findLeftovers(host.docker, { hostId: hostId(), processStart }));
    const { digest: inputs } = await fleetInputs(PACKAGE_ROOT);
    const { architecture } = host.versions;
    const concurrency = options.concurrency ?? availableParallelism();
    const note = (text: string) => {
      if (options.quiet !== true) say(`${new Date().toISOString()}  ${text}`);
    };
    const hasCase = () => isCaseOpen(host, runsDir, options, config);
    const settings = {
      options,
      config,
      host,
      keyFile,
      endpoints: providers.map((one) => one?.endpoint ?? null),
      hasCase,
    };
    note(
      `worker ${name}: ${concurrency} at once, ${architecture}, runtime ${runtime}, pool ${pool}, inputs ${inputs}, key ${key.signer.keyid}`,
    );
    await withTwoSignals(async (drain, interrupt) => {
      await work({
        nats,
        key,
        name,
        id: `${name.replaceAll(/[^A-Za-z0-9_-]/g, '_')}-${randomBytes(4).toString('hex')}`,
        runsDir,
        inputs: await inputsStore(nats),
        bundles: await bundlesStore(nats),
        bucket: await workersBucket(nats),
        facts: { version: PROOFBOX_VERSION, inputs, architecture, runtime, pool, labels, concurrency },
        hasCase,
        request: (ask, files, out, signal) => requestOf(settings, { ask, files, out, signal }),
        run: runLane,
        drain,
        interrupt,
        note,
      });
      if (interrupt.aborted) process.exitCode = EXIT.interrupted;
    });
  });
}

/** @throws ProofboxError `usage` for a word that is no label */
function labelsOf(words: string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([a-z][a-z0-9_-]{0,31})=(.{1,64})$/.exec(word) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      throw new ProofboxError('usage', `--label ${word} is no label`, {
        fix: 'give NAME=VALUE, such as pool=nightly',
      });
    }),
  );
}

/** Whether a run of `case` would find its gates open, and something to run. */
async function isCaseOpen(
  { docker, versions, image }: CageHost,
  runsDir: string,
  { runtime }: WorkerCommandOptions,
  config: Config,
): Promise<boolean> {
  const gates = readGates('case', process.env);
  if (config.case.source === undefined) return false;
  const binding = await bindingOf({ docker, versions, imageDigest: image.digest, runtime });
  const stage1 = await newestStage1(runsDir, binding);
  return areGatesOpen({ gates, stage1, started_at: new Date().toISOString() });
}

interface Settings {
  options: WorkerCommandOptions;
  config: Config;
  host: CageHost;
  keyFile: string;
  /** addresses that this worker lends its provider key to */
  endpoints: (string | null)[];
  hasCase(): Promise<boolean>;
}

/** The same as `proofbox run` would make of it. @throws Impossible where nobody could, NotMine where only this worker cannot */
async function requestOf(
  { options, config, host, keyFile, endpoints, hasCase }: Settings,
  { ask, files, out, signal }: { ask: Ask; files: Fetched; out: string; signal: AbortSignal },
): Promise<RunRequest> {
  const run: RunOptions = {
    engine: ask.engine,
    out,
    forbid: options.forbid,
    provider: files.cassette === null ? ask.provider : `replay:${files.cassette}`,
    npm: ask.npm,
    record: ask.record,
    sign: keyFile,
    ...(files.contract === null ? {} : { contract: files.contract }),
    ...(options.runtime === undefined ? {} : { runtime: options.runtime }),
  };
  const limits = Object.fromEntries(
    Object.entries(ask.limits).filter(([, value]) => value !== undefined),
  ) as Partial<Limits>;
  const { model = DEFAULT_CASE.model, api, profile } = config.case;
  const asked = await possible(async () => {
    // A path of the batch's host says nothing here, and must not be looked at.
    if (files.cassette === null && /^(?:replay|record):/.test(ask.provider))
      throw new Error('it names a file of another host');
    checkEngine(run, ask.command);
    const words = await askedWork(files.fixture, ask.command, run, {});
    planOf({
      ...words,
      limits,
      candidate: ask.engine === 'case' ? { settings: { model, api, profile } } : null,
    });
    return words;
  });
  if (asked.provider?.mode === 'live' && !endpoints.includes(asked.provider.endpoint))
    throw new NotMine(
      `this worker lends its key to no provider at ${asked.provider.endpoint} (--allow-provider)`,
    );
  if (ask.engine === 'case' && !(await hasCase()))
    throw new NotMine(
      'the gates of the engine case are closed here: its Stage 1 is not fresh, or not allowed',
    );
  const request = await runRequest(async () => host, files.fixture, ask.command, run, signal);
  return { ...request, limits: { ...request.limits, ...limits } };
}

async function possible<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new Impossible((error as Error).message);
  }
}
