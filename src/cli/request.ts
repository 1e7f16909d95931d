/** From flags to one run's request: everything is checked here, and nothing has been started when it is refused. */
import { resolve } from 'node:path';
import { readSigningKey } from '../attest/keys.ts';
import { loadConfig } from '../contract/config.ts';
import { loadFixture } from '../contract/fixture.ts';
import { readGates } from '../contract/gates.ts';
import { readDocument } from '../contract/read.ts';
import { withBill } from '../docker/bill-of-materials.ts';
import { engineByName } from '../engines/index.ts';
import { ProofboxError } from '../errors.ts';
import { forbiddenRoots } from '../forbidden/roots.ts';
import { readProvider } from '../gateway/configure.ts';
import type { AskedWork } from '../lane/contract-of.ts';
import { SILENT } from '../lane/progress.ts';
import type { RunRequest } from '../lane/request.ts';
import { areGatesOpen } from '../proofs/gates.ts';
import type { EngineName } from '../schema/common.ts';
import { ContractFile, type Limits } from '../schema/fixture.ts';
import type { Stage1Reference } from '../schema/gates.ts';
import type { BindingFacts } from '../stage1/binding.ts';
import { say } from './output.ts';
import { FIXTURES_DIR } from './paths.ts';
import type { CageHost } from './shared.ts';

/** What one run may be told; sizes in bytes, times in milliseconds. */
export interface RunOptions {
  engine: EngineName;
  out?: string;
  contract?: string;
  forbid: string[];
  provider: string;
  npm: string[];
  caseSource?: string;
  caseModel?: string;
  timeout?: number;
  memory?: number;
  cpus?: number;
  pids?: number;
  maxOutput?: number;
  maxWorkspace?: number;
  runtime?: string;
  allowDegraded?: boolean;
  record: 'writes' | 'reads';
  sign?: string;
}

/** @throws ProofboxError `usage` where engine, program and packages do not fit together */
export function checkEngine({ engine, npm }: RunOptions, words: string[]): void {
  if (engine === 'command' && words.length === 0) {
    throw new ProofboxError('usage', '--engine command needs a program', {
      fix: 'put it after --, as in: proofbox run FIXTURE --engine command -- PROGRAM ARGS',
    });
  }
  if (engine !== 'command' && npm.length > 0) {
    throw new ProofboxError('usage', `--npm was given, but the engine is ${engine}`, {
      fix: 'add --engine command, or leave --npm out',
    });
  }
  if (engine !== 'command' && words.length > 0) {
    throw new ProofboxError('usage', `a program was given, but the engine is ${engine}`, {
      fix: 'add --engine command',
    });
  }
}

/**
 * The request of one run.
 * @param host asked only when fixture, contract and configuration have been read
 * @throws ProofboxError for the first thing that is not as it must be
 */
export async function runRequest(
  host: () => Promise<CageHost>,
  fixtureName: string,
  words: string[],
  options: RunOptions,
  signal: AbortSignal,
): Promise<RunRequest> {
  const [config, asked] = await Promise.all([
    loadConfig(process.cwd()),
    askedWork(fixtureName, words, options, process.env),
  ]);
  // Once, before anything else, and from the environment alone.
  const gates = readGates(options.engine, process.env);
  const runsDir = resolve(config.runs_dir ?? 'runs');
  const keyFile = options.sign ?? config.signing_key;
  const sourcePath = options.engine === 'case' ? (options.caseSource ?? config.case.source) : undefined;
  const guarded =
    sourcePath === undefined ? options.forbid : [...options.forbid, `case_source=${sourcePath}`];
  const forbidden = await forbiddenRoots(guarded, config);
  const { docker, versions, image: sandbox, idShift } = await host();
  signal.throwIfAborted();
  const stage1 = await stage1Of(options.engine, runsDir, {
    docker,
    versions,
    imageDigest: sandbox.digest,
    runtime: options.runtime,
  });
  // What makes further images is a large part of the program, and most runs need none.
  const tools =
    options.npm.length === 0
      ? null
      : await (await import('../docker/tools-image.ts')).toolsImage(docker, options.npm, sandbox, say);
  const isCase =
    options.engine === 'case' && areGatesOpen({ gates, stage1, started_at: new Date().toISOString() });
  const settings = { ...config.case, model: options.caseModel ?? config.case.model };
  const prepared = isCase
    ? await (await import('./candidate.ts')).prepareCase(docker, sandbox, sourcePath, settings)
    : null;
  signal.throwIfAborted();
  return {
    docker,
    versions,
    idShift,
    image: prepared?.image ?? (tools === null ? sandbox : await withBill(docker, tools)),
    tools: tools?.tools ?? null,
    baselineImage: prepared === null ? null : sandbox,
    candidate: prepared?.candidate ?? null,
    ...asked,
    assignment: null,
    testsBefore: null,
    gates,
    withoutAdmission: false,
    stage1,
    out: options.out === undefined ? null : resolve(options.out),
    runsDir,
    forbidden,
    configText: JSON.stringify({ runs_dir: config.runs_dir ?? null }),
    runtime: options.runtime,
    allowDegraded: options.allowDegraded === true,
    signingKey: keyFile === undefined ? null : await readSigningKey(resolve(keyFile)),
    progress: SILENT,
    signal,
  };
}

/**
 * What is to be done, and nothing of where: it can be said on a host that has no container engine.
 * @throws ProofboxError for the first thing that is not as it must be
 */
export async function askedWork(
  fixtureName: string,
  words: string[],
  options: RunOptions,
  environment: NodeJS.ProcessEnv,
): Promise<Omit<AskedWork, 'candidate' | 'provider'> & Pick<RunRequest, 'provider'>> {
  const [fixture, contractFile] = await Promise.all([
    loadFixture(fixtureName, FIXTURES_DIR),
    options.contract === undefined
      ? ContractFile.parse({})
      : readDocument(options.contract, 'contract', ContractFile),
  ]);
  return {
    fixture,
    contractFile,
    limits: limitsOf(options),
    engine: engineByName(options.engine),
    commandArgv: words,
    record: options.record,
    provider: await readProvider(options.provider, environment, fixture.fixture.fake?.steps),
  };
}

/** The stage 1 of this host, for the one engine that needs it. */
async function stage1Of(
  engine: EngineName,
  runsDir: string,
  facts: BindingFacts,
): Promise<Stage1Reference | null> {
  if (engine !== 'case') return null;
  const [{ bindingOf }, { newestStage1 }] = await Promise.all([
    import('../stage1/binding.ts'),
    import('../stage1/store.ts'),
  ]);
  return newestStage1(runsDir, await bindingOf(facts));
}

function limitsOf(options: RunOptions): Partial<Limits> {
  const given: [keyof Limits, number | undefined][] = [
    ['timeout_ms', options.timeout],
    ['memory_bytes', options.memory],
    ['cpus', options.cpus],
    ['pids', options.pids],
    ['output_bytes', options.maxOutput],
    ['workspace_bytes', options.maxWorkspace],
  ];
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}
