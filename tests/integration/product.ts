/** Drives the product as a user does: its own command line, a run directory of the test's own. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import type { CageDocument } from '../../src/schema/cage.ts';
import type { ProcessRecord, WriteRecord } from '../../src/schema/recorder.ts';
import type { Report } from '../../src/schema/report.ts';
import { removeTree } from '../../src/workspace/remove.ts';
import { requireBothHold } from './both-verifiers.ts';

const MAIN = join(PACKAGE_ROOT, 'dist/cli/main.js');

export interface Outcome {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

export interface Where {
  env?: Record<string, string>;
  cwd?: string;
  /** another program in the place of the product's; what it leaves is not expected to verify */
  main?: string;
}

/** Runs the command line; never throws for its exit code. */
export async function proofbox(args: string[], options: Where = {}): Promise<Outcome> {
  const result = await execa('node', [options.main ?? MAIN, ...args], {
    reject: false,
    cwd: options.cwd ?? PACKAGE_ROOT,
    env: options.env ?? {},
    stdin: 'ignore',
    maxBuffer: 512 << 20,
  });
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

/** What `ledger verify` says of the runs in a folder, and how it ended. */
export async function ledgerIn(folder: string): Promise<object> {
  const file = join(folder, 'ledger.jsonl');
  const { exitCode, stdout } = await proofbox(['ledger', 'verify', '--ledger', file, '--json']);
  return { exitCode, ...JSON.parse(stdout) };
}

/** A folder for one test file, and how to remove it. */
export async function scratch(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'proofbox-test-'));
  return { dir, remove: () => removeTree(dir) };
}

export interface Bundle extends Outcome {
  report: Report;
  artifacts: string;
  read(name: string): Promise<string>;
  json<T>(name: string): Promise<T>;
  lines<T>(name: string): Promise<T[]>;
  cage(): Promise<CageDocument>;
  writes(): Promise<WriteRecord[]>;
  programs(): Promise<ProcessRecord[]>;
  /** blocker codes, sorted, without doubles */
  codes: string[];
}

let next = 0;

/** `proofbox run` with --json into a run directory of its own; every bundle it leaves must verify, twice. */
export async function run(base: string, args: string[], where: Where = {}): Promise<Bundle> {
  next += 1;
  const out = join(base, `run-${process.pid}-${next}`);
  const at = args.indexOf('--');
  const [flags, words] = at === -1 ? [args, []] : [args.slice(0, at), args.slice(at)];
  const outcome = await proofbox(['run', ...flags, '--json', '--out', out, ...words], where);
  let report: Report;
  try {
    report = JSON.parse(outcome.stdout) as Report;
  } catch {
    throw new Error(`no report: exit ${outcome.exitCode}, ${outcome.stderr}`);
  }
  if (report.schema !== 'proofbox.report/v1') throw new Error(`no report: ${outcome.stdout}`);
  if (where.main === undefined) await requireBothHold(out, args[0] ?? '');
  const artifacts = join(out, 'artifacts');
  const read = (name: string) => readFile(join(artifacts, name), 'utf8');
  const json = async <T>(name: string) => JSON.parse(await read(name)) as T;
  const lines = async <T>(name: string) =>
    (await read(name))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  return {
    ...outcome,
    report,
    artifacts,
    read,
    json,
    lines,
    cage: () => json<CageDocument>('cage.json'),
    writes: () => lines<WriteRecord>('writes.jsonl'),
    programs: () => lines<ProcessRecord>('processes.jsonl'),
    codes: [...new Set(report.blockers.map((blocker) => blocker.code))].sort(),
  };
}

/** A run of the `command` engine on a fixture: python3 with the given script. */
export function runPython(
  base: string,
  fixture: string,
  script: string,
  flags: string[] = [],
  env: Record<string, string> = {},
): Promise<Bundle> {
  return run(base, [fixture, '--engine', 'command', ...flags, '--', 'python3', '-c', script], { env });
}

/** The same with sh. */
export function runShell(
  base: string,
  fixture: string,
  script: string,
  flags: string[] = [],
): Promise<Bundle> {
  return run(base, [fixture, '--engine', 'command', ...flags, '--', 'sh', '-c', script]);
}
