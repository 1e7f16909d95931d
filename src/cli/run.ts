/** `proofbox run`: checks everything it was told, then hands over to the lane. */
import { resolve } from 'node:path';
import { loadConfig } from '../contract/config.ts';
import { loadFixture } from '../contract/fixture.ts';
import { readDocument } from '../contract/read.ts';
import { connectDocker } from '../docker/connect.ts';
import { sandboxImage } from '../docker/images.ts';
import { requireHost } from '../docker/requirements.ts';
import { dockerVersions } from '../docker/versions.ts';
import { engineByName } from '../engines/index.ts';
import { EXIT, ProofboxError } from '../errors.ts';
import { forbiddenRoots } from '../forbidden/roots.ts';
import type { RunRequest } from '../lane/request.ts';
import { runLane } from '../lane/run.ts';
import type { EngineName } from '../schema/common.ts';
import { ContractFile, type Limits } from '../schema/fixture.ts';
import type { Report } from '../schema/report.ts';
import { printJson } from './output.ts';
import { FIXTURES_DIR } from './paths.ts';
import { runProgress } from './progress.ts';
import { printVerdict } from './verdict.ts';

export interface RunOptions {
  engine: EngineName;
  out?: string;
  contract?: string;
  forbid: string[];
  provider: string;
  timeout?: number;
  memory?: number;
  cpus?: number;
  pids?: number;
  maxOutput?: number;
  maxWorkspace?: number;
  runtime?: string;
  record: 'writes' | 'reads';
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
  checkEngine(options.engine, words);
  if (options.provider !== 'none') {
    throw new ProofboxError('usage', `the provider ${options.provider} is not available in this version`, {
      fix: 'use --provider none',
    });
  }
  const stop = new AbortController();
  const onSignal = () =>
    stop.abort(
      new ProofboxError('interrupted', 'interrupted before the engine started', { fix: 'run it again' }),
    );
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const request = await prepare(fixtureName, words, options, stop.signal);
    const result = await runLane(request);
    if (options.json === true) printJson(result.report);
    else printVerdict(result.report, result.directory, options.quiet === true);
    process.exitCode = exitCodeOf(result.report);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

function checkEngine(engine: EngineName, words: string[]): void {
  if (engine === 'case') {
    throw new ProofboxError('blocked', 'the engine case is disabled (case_disabled)', {
      fix: 'use --engine fake or --engine command',
    });
  }
  if (engine === 'command' && words.length === 0) {
    throw new ProofboxError('usage', '--engine command needs a program', {
      fix: 'put it after --, as in: proofbox run FIXTURE --engine command -- PROGRAM ARGS',
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
  const runsDir = resolve(config.runs_dir ?? 'runs');
  const forbidden = await forbiddenRoots(options.forbid, config);
  const { docker } = await connectDocker();
  const versions = await dockerVersions(docker);
  const [image] = await Promise.all([sandboxImage(docker), requireHost(docker, versions, options.runtime)]);
  signal.throwIfAborted();
  return {
    docker,
    versions,
    image,
    fixture,
    contractFile,
    limits: limitsOf(options),
    engine: engineByName(options.engine),
    commandArgv: words,
    record: options.record,
    out: options.out === undefined ? null : resolve(options.out),
    runsDir,
    forbidden,
    configText: JSON.stringify({ runs_dir: config.runs_dir ?? null }),
    runtime: options.runtime,
    progress: runProgress({ shown: options.json !== true && options.quiet !== true }),
    signal,
  };
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
