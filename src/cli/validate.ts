/** `proofbox validate`: the validators. */
import pc from 'picocolors';
import { readGates } from '../contract/gates.ts';
import { DEFAULT_ENGINE } from '../engines/default.ts';
import { EXIT, ProofboxError } from '../errors.ts';
import { forbiddenRoots } from '../forbidden/roots.ts';
import { readProvider } from '../gateway/configure.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { checkPrd } from '../prd/check.ts';
import { areVariablesSet } from '../proofs/gates.ts';
import { visible } from '../report/untrusted.ts';
import { GATE_VALUES } from '../schema/gates.ts';
import type { PrdCheck } from '../schema/prd.ts';
import type { Stage1Document } from '../schema/stage1.ts';
import type { Stage2Document } from '../schema/stage2.ts';
import { bindingOf } from '../stage1/binding.ts';
import { runStage1 } from '../stage1/run.ts';
import { newestStage1 } from '../stage1/store.ts';
import { runStage2 } from '../stage2/run.ts';
import { prepareCase } from './candidate.ts';
import { printJson, say } from './output.ts';
import { FIXTURES_DIR } from './paths.ts';
import { type SharedOptions, withShared } from './shared.ts';

export interface Stage1Options extends SharedOptions {
  validFor: number;
}

export interface Stage2Options extends SharedOptions {
  caseSource?: string;
  caseModel?: string;
  provider: string;
  /** commands of the program that take --json; the program tells */
  jsonCommands: string[];
}

const DAY_MS = 24 * 3_600_000;

/** Checks the planning documents against the code. */
export async function validatePrd(options: { json?: boolean }): Promise<void> {
  const check = await checkPrd(PACKAGE_ROOT);
  if (options.json === true) printJson(check);
  else printPrd(check);
  process.exitCode = check.passed ? EXIT.passed : EXIT.failed;
}

/** Proves the cage on this host before any untrusted engine runs in it. */
export async function validateStage1(options: Stage1Options): Promise<void> {
  await withShared(options, async (shared) => {
    const { document, directory } = await runStage1({ ...shared, validForMs: options.validFor });
    if (options.json === true) printJson(document);
    else printStage1(document, directory);
    process.exitCode = document.passed ? EXIT.passed : EXIT.failed;
  });
}

/** Stage 1, the engine under review on artificial fixtures, and every requirement against what that left. */
export async function validateStage2(options: Stage2Options): Promise<void> {
  const gates = readGates('case', process.env);
  if (!areVariablesSet(gates)) {
    const needed = Object.entries(GATE_VALUES).map(([name, value]) => `${name}=${value}`);
    throw new ProofboxError('blocked', 'the engine case is disabled: its gates are closed', {
      fix: `set ${needed.join(' and ')} in the environment`,
    });
  }
  const given = await readProvider(options.provider, process.env);
  if (given === null || given.mode === 'record') {
    throw new ProofboxError('usage', `validate stage2 takes no --provider ${options.provider}`, {
      fix: 'give an address, replay:FILE or scripted',
    });
  }
  await withShared(options, async (shared, config) => {
    const source = options.caseSource ?? config.case.source;
    const { image, candidate } = await prepareCase(shared.docker, shared.image, source, {
      ...config.case,
      model: options.caseModel ?? config.case.model,
    });
    const note = (text: string) => (options.json === true ? undefined : say(`  ${text}`));
    note('stage 1');
    const first = await runStage1({ ...shared, validForMs: DAY_MS });
    const reference = await newestStage1(
      shared.runsDir,
      await bindingOf({ ...shared, imageDigest: shared.image.digest }),
    );
    if (reference === null || !first.document.passed) {
      if (options.json === true) printJson(first.document);
      else printStage1(first.document, first.directory);
      process.exitCode = EXIT.failed;
      return;
    }
    const { document, directory } = await runStage2({
      ...shared,
      fixturesDir: FIXTURES_DIR,
      gates,
      stage1: { reference, directory: first.directory },
      candidate: { image, ...candidate },
      forbidden: await forbiddenRoots([`case_source=${source}`], config),
      provider: given.mode === 'scripted' ? null : given,
      defaultEngine: DEFAULT_ENGINE,
      jsonCommands: options.jsonCommands,
      onRun: note,
    });
    if (options.json === true) printJson(document);
    else printStage2(document, directory);
    process.exitCode = document.passed ? EXIT.passed : EXIT.failed;
  });
}

/** All of them, one after the other; the worst exit code counts. */
export async function validateAll(options: Stage2Options): Promise<void> {
  await validatePrd(options);
  const worst = process.exitCode;
  // Stage 2 begins with stage 1.
  await validateStage2(options);
  process.exitCode = Math.max(Number(worst ?? 0), Number(process.exitCode ?? 0));
}

function printPrd({ passed, documents, requirements }: PrdCheck): void {
  for (const { file, problems } of documents)
    for (const problem of problems) say(`  ${pc.red('✖')} ${file} ${visible(problem)}`);
  for (const { id, status, tests, problems } of requirements) {
    say(`  ${status === 'proven' ? pc.green('✔') : pc.red('✖')} ${id.padEnd(4)} ${tests} tests`);
    for (const problem of problems) say(`      ${visible(problem)}`);
  }
  say(passed ? pc.green(pc.bold('PRD HOLDS')) : pc.red(pc.bold('PRD DOES NOT HOLD')));
}

function printStage1(document: Stage1Document, directory: string): void {
  for (const { id, verdict, expected, found } of document.probes) {
    if (verdict !== 'held')
      say(`  ${pc.red('✖')} ${verdict.padEnd(9)} ${id}: ${visible(found)}; expected: ${expected}`);
  }
  for (const problem of document.problems) say(`  ${pc.red('✖')} ${visible(problem)}`);
  const held = document.probes.filter(({ verdict }) => verdict === 'held').length;
  const bombs = document.runs.length - 1;
  say(
    `  ${held} of ${document.probes.length} attempts refused and seen; ${bombs} bombs ended by their limits`,
  );
  say(
    document.passed
      ? `${pc.green(pc.bold('STAGE 1 PASSED'))}  until ${document.expires_at}`
      : pc.red(pc.bold('STAGE 1 FAILED')),
  );
  say(`evidence: ${directory}`);
}

function printStage2({ passed, requirements, problems }: Stage2Document, directory: string): void {
  for (const { id, status, statement, evidence, problems: why } of requirements) {
    const files = [...new Set(evidence.map(({ file }) => file))];
    const shown =
      files.length > 3 ? `${files.slice(0, 3).join(', ')} and ${files.length - 3} more` : files.join(', ');
    say(`  ${status === 'proven' ? pc.green('✔') : pc.red('✖')} ${id.padEnd(4)} ${statement}`);
    say(`       ${pc.dim(shown)}`);
    for (const problem of why) say(`       ${pc.red(visible(problem))}`);
  }
  for (const problem of problems) say(`  ${pc.red('✖')} ${visible(problem)}`);
  say(passed ? pc.green(pc.bold('STAGE 2 PASSED')) : pc.red(pc.bold('STAGE 2 FAILED')));
  say(`evidence: ${directory}`);
}
