/** `proofbox batch --nats`: the same batch, made by workers elsewhere. This host needs no container engine. */
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { readPublicKey } from '../attest/keys.ts';
import type { Executor } from '../batch/executor.ts';
import type { PlannedRun } from '../batch/plan.ts';
import { readSource } from '../candidate/source.ts';
import { fleetInputs } from '../docker/inputs.ts';
import { DEFAULT_CASE } from '../engines/case.ts';
import { ProofboxError } from '../errors.ts';
import type { AddressOptions } from '../fleet/address.ts';
import type { Nats } from '../fleet/connect.ts';
import { fleetExecutor } from '../fleet/executor.ts';
import { requireToken } from '../fleet/subjects.ts';
import type { CellWork } from '../fleet/work.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import type { Config } from '../schema/config.ts';
import type { Signer } from '../schema/run.ts';
import { askedWork, type RunOptions } from './request.ts';

export interface FleetBatchOptions extends Omit<AddressOptions, 'nats'> {
  /** absent: the batch is made on this host */
  nats?: string;
  admitWorker: string[];
  pool: string;
  arch: string;
  runtime?: string;
  keepBundles?: boolean;
  join?: string;
  maxBundle?: number;
  forbid: string[];
  sign?: string;
  concurrency?: number;
}

/** What of a manifest one run is; paths resolved. */
export interface PlacedRun {
  fixture: string;
  words: string[];
  run: RunOptions;
  limits: CellWork['limits'];
}

const MAX_BUNDLE = 4 * 1024 ** 3;

/** @throws ProofboxError `usage` for what a fleet cannot do, or cannot do safely */
export function checkFleetOptions(options: FleetBatchOptions): void {
  const problem =
    options.admitWorker.length === 0
      ? [
          '--nats was given without --admit-worker: no answer could be believed',
          'give the .pub file of each worker',
        ]
      : options.forbid.length > 0
        ? [
            '--forbid names paths of this host, and the runs are made elsewhere',
            'give --forbid to the workers',
          ]
        : options.sign !== undefined
          ? ['--sign signs runs of this host, and the runs are made elsewhere', 'give --sign to the workers']
          : options.concurrency !== undefined
            ? [
                '--concurrency is of this host, and the runs are made elsewhere',
                'give --concurrency to the workers',
              ]
            : null;
  if (problem !== null) throw new ProofboxError('usage', problem[0] ?? '', { fix: problem[1] ?? '' });
  requireToken(options.pool, 'pool');
  requireToken(options.arch, 'architecture');
  requireToken(options.runtime ?? 'default', 'runtime');
}

/** Reads the keys whose signatures count. */
export async function admittedWorkers(files: string[]): Promise<Map<string, Signer>> {
  const signers = await Promise.all(files.map((file) => readPublicKey(resolve(file))));
  return new Map(signers.map((signer) => [signer.keyid, signer]));
}

export async function fleetBatchExecutor(
  nats: Nats,
  options: FleetBatchOptions,
  given: {
    admitted: Map<string, Signer>;
    config: Config;
    placed(run: PlannedRun): PlacedRun;
    manifestFile: string;
  },
): Promise<Executor> {
  const { digest: inputs, references } = await fleetInputs(PACKAGE_ROOT);
  return fleetExecutor({
    nats,
    joined: options.join,
    admitted: given.admitted,
    target: {
      inputs,
      pool: options.pool,
      architecture: options.arch,
      runtime: options.runtime ?? 'default',
    },
    references,
    concurrency: availableParallelism(),
    maxBundleBytes: options.maxBundle ?? MAX_BUNDLE,
    keepBundles: options.keepBundles === true,
    work: (run) => cellWork(given.placed(run), run, given.manifestFile, given.config),
  });
}

async function cellWork(
  placed: PlacedRun,
  run: PlannedRun,
  manifestFile: string,
  config: Config,
): Promise<CellWork> {
  const { provider: providerText, npm } = placed.run;
  const isCase = run.engine.engine === 'case';
  const { model = DEFAULT_CASE.model, api, profile, source } = config.case;
  const asked = await askedWork(placed.fixture, placed.words, placed.run, {});
  const { contract } = run.engine;
  return {
    ...asked,
    limits: placed.limits,
    candidate: isCase ? { settings: { model, api, profile } } : null,
    npm,
    providerText,
    cassette: providerText.startsWith('replay:') ? resolve(providerText.slice('replay:'.length)) : null,
    contractPath: contract === undefined ? null : resolve(dirname(manifestFile), contract),
    caseCommit: isCase && source !== undefined ? (await readSource(source)).commit : null,
  };
}
