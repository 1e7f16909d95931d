/** `proofbox run`: checks everything it was told, then hands over to the lane. */
import { join, resolve } from 'node:path';
import { readSigningKey } from '../attest/keys.ts';
import { loadConfig } from '../contract/config.ts';
import { loadFixture } from '../contract/fixture.ts';
import { readGates } from '../contract/gates.ts';
import { readDocument } from '../contract/read.ts';
import { withBill } from '../docker/bill-of-materials.ts';
import { toolsImage } from '../docker/tools-image.ts';
import { engineByName } from '../engines/index.ts';
import { EXIT, ProofboxError } from '../errors.ts';
import { forbiddenRoots } from '../forbidden/roots.ts';
import { readProvider } from '../gateway/configure.ts';
import type { RunRequest } from '../lane/request.ts';
import { runLane } from '../lane/run.ts';
import { enterRun } from '../ledger/append.ts';
import { areGatesOpen } from '../proofs/gates.ts';
import type { EngineName } from '../schema/common.ts';
import { ContractFile, type Limits } from '../schema/fixture.ts';
import type { Stage1Reference } from '../schema/gates.ts';
import type { Report } from '../schema/report.ts';
import { type BindingFacts, bindingOf } from '../stage1/binding.ts';
import { newestStage1 } from '../stage1/store.ts';
import { prepareCase } from './candidate.ts';
import { printJson, say } from './output.ts';
import { type OutputOptions, writeOutputs } from './outputs.ts';
import { FIXTURES_DIR } from './paths.ts';
import { runProgress } from './progress.ts';
import { cageHost } from './shared.ts';
import { printVerdict } from './verdict.ts';

export interface RunOptions extends OutputOptions {
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
  ledger?: string;
  json?: boolean;
  quiet?: boolean;
}

const EXIT_OF: Record<Report['status'], number> = {
  passed: EXIT.passed,
  failed: EXIT.failed,
  blocked: EXIT.blocked,
  interrupted: EXIT.interrupted,
};

/** A cage that this host could not make is the host's failure, not the engine's. */
function exitCodeOf({ status, host_problem: problem }: Report): number {
  return status === 'failed' && problem !== null ? EXIT.host : EXIT_OF[status];
}

/** Runs one lane and sets the exit code by its verdict. */
export async function run(fixtureName: string, words: string[], options: RunOptions): Promise<void> {
  checkEngine(options, words);
  const stop = new AbortController();
  const onSignal = () =>
    stop.abort(
      new ProofboxError('interrupted', 'interrupted before the engine started', { fix: 'run it again' }),
    );
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const request = await prepare(fixtureName, words, options, stop.signal);
    const result = await runLane(request);
    const ledger = ledgerOf(request, options);
    if (ledger !== null) await enterRun(ledger, result.directory);
    await writeOutputs(result.report, join(request.fixture.dir, 'fixture.json'), options);
    if (options.json === true) printJson(result.report);
    else printVerdict(result.report, result.directory, options.quiet === true);
    process.exitCode = exitCodeOf(result.report);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** A run elsewhere is entered only where the user says so: a ledger lies beside its runs. */
function ledgerOf(request: RunRequest, options: RunOptions): string | null {
  if (options.ledger !== undefined) return resolve(options.ledger);
  return request.out === null ? join(request.runsDir, 'ledger.jsonl') : null;
}

function checkEngine({ engine, npm }: RunOptions, words: string[]): void {
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

async function prepare(
  fixtureName: string,
  words: string[],
  options: RunOptions,
  signal: AbortSignal,
): Promise<RunRequest> {
  const [fixture, config, contractFile] = await Promise.all([
    loadFixture(fixtureName, FIXTURES_DIR),
    loadConfig(process.cwd()),
    options.contract === undefined
      ? ContractFile.parse({})
      : readDocument(options.contract, 'contract', ContractFile),
  ]);
  // Once, before anything else, and from the environment alone.
  const gates = readGates(options.engine, process.env);
  const runsDir = resolve(config.runs_dir ?? 'runs');
  const keyFile = options.sign ?? config.signing_key;
  const sourcePath = options.engine === 'case' ? (options.caseSource ?? config.case.source) : undefined;
  const guarded =
    sourcePath === undefined ? options.forbid : [...options.forbid, `case_source=${sourcePath}`];
  const forbidden = await forbiddenRoots(guarded, config);
  const provider = await readProvider(options.provider, process.env, fixture.fixture.fake?.steps);
  const { docker, versions, image: sandbox, idShift } = await cageHost(options.runtime);
  signal.throwIfAborted();
  const stage1 = await stage1Of(options.engine, runsDir, {
    docker,
    versions,
    imageDigest: sandbox.digest,
    runtime: options.runtime,
  });
  const tools = options.npm.length === 0 ? null : await toolsImage(docker, options.npm, sandbox, say);
  const isCase =
    options.engine === 'case' && areGatesOpen({ gates, stage1, started_at: new Date().toISOString() });
  const prepared = isCase
    ? await prepareCase(docker, sandbox, sourcePath, {
        ...config.case,
        model: options.caseModel ?? config.case.model,
      })
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
    fixture,
    contractFile,
    limits: limitsOf(options),
    engine: engineByName(options.engine),
    commandArgv: words,
    record: options.record,
    provider,
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
    progress: runProgress({
      shown: options.json !== true && options.quiet !== true,
      baseline: prepared !== null,
    }),
    signal,
  };
}

/** The stage 1 of this host, for the one engine that needs it. */
async function stage1Of(
  engine: EngineName,
  runsDir: string,
  facts: BindingFacts,
): Promise<Stage1Reference | null> {
  return engine === 'case' ? newestStage1(runsDir, await bindingOf(facts)) : null;
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
