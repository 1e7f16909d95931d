/** `proofbox run`: checks everything it was told, then hands over to the lane. */
import { join, resolve } from 'node:path';
import type { AskedEngine } from '../docker/ask.ts';
import { ProofboxError } from '../errors.ts';
import type { RunRequest } from '../lane/request.ts';
import { runLane } from '../lane/run.ts';
import { exitCodeOf } from '../verdict/exit-code.ts';
import { printJson } from './output.ts';
import { type OutputOptions, writeOutputs } from './outputs.ts';
import { runProgress } from './progress.ts';
import { checkEngine, type RunOptions, runRequest } from './request.ts';
import { cageHost } from './shared.ts';
import { withSignals } from './signals.ts';
import { printVerdict } from './verdict.ts';

export interface RunCommandOptions extends RunOptions, OutputOptions {
  ledger?: string;
  json?: boolean;
  quiet?: boolean;
}

/**
 * Runs one lane and sets the exit code by its verdict.
 * @param engine the container engine, once it has answered
 */
export async function run(
  fixtureName: string,
  words: string[],
  options: RunCommandOptions,
  engine: Promise<AskedEngine>,
): Promise<void> {
  checkEngine(options, words);
  const early = new ProofboxError('interrupted', 'interrupted before the engine started', {
    fix: 'run it again',
  });
  await withSignals(async (signal) => {
    const host = () => cageHost(options.runtime, engine);
    const asked = await runRequest(host, fixtureName, words, options, signal);
    const shown = options.json !== true && options.quiet !== true;
    const request = {
      ...asked,
      progress: await runProgress({ shown, baseline: asked.baselineImage !== null }),
    };
    const result = await runLane(request);
    const ledger = ledgerOf(request, options);
    if (ledger !== null) {
      const { enterRun } = await import('../ledger/append.ts');
      await enterRun(ledger, result.directory);
    }
    await writeOutputs(result.report, join(request.fixture.dir, 'fixture.json'), options);
    if (options.json === true) printJson(result.report);
    else printVerdict(result.report, result.directory, options.quiet === true);
    process.exitCode = exitCodeOf(result.report);
  }, early);
}

/** A run elsewhere is entered only where the user says so: a ledger lies beside its runs. */
function ledgerOf(request: RunRequest, options: RunCommandOptions): string | null {
  if (options.ledger !== undefined) return resolve(options.ledger);
  return request.out === null ? join(request.runsDir, 'ledger.jsonl') : null;
}
