/** `proofbox ledger`: checks the chain of runs, or enters a run that it lacks. */
import { join, resolve } from 'node:path';
import pc from 'picocolors';
import { loadConfig } from '../contract/config.ts';
import { EXIT } from '../errors.ts';
import { enterRun } from '../ledger/append.ts';
import { verifyLedger } from '../ledger/verify.ts';
import { visible } from '../report/untrusted.ts';
import { printJson, say } from './output.ts';

/** The ledger of the runs folder, or the one that was named. */
export async function ledgerFile(named: string | undefined): Promise<string> {
  if (named !== undefined) return resolve(named);
  return join(resolve((await loadConfig(process.cwd())).runs_dir ?? 'runs'), 'ledger.jsonl');
}

export async function ledgerVerify(options: {
  ledger?: string;
  head?: string;
  json?: boolean;
}): Promise<void> {
  const file = await ledgerFile(options.ledger);
  const { holds, chain, problems } = await verifyLedger(file, options.head ?? null);
  if (options.json === true)
    printJson({ ledger: file, holds, runs: chain.entries.length, head: chain.head, problems });
  else {
    for (const problem of problems) say(`  ${pc.red('✖')} ${visible(problem)}`);
    say(
      `${holds ? pc.green(pc.bold('HOLDS')) : pc.red(pc.bold('DOES NOT HOLD'))}  ${chain.entries.length} runs, head ${chain.head ?? 'none'}`,
    );
  }
  process.exitCode = holds ? EXIT.passed : EXIT.failed;
}

export async function ledgerAdd(
  runDirectory: string,
  options: { ledger?: string; json?: boolean },
): Promise<void> {
  const entry = await enterRun(await ledgerFile(options.ledger), resolve(runDirectory));
  if (options.json === true) printJson(entry);
  else say(`entered ${entry.run_id} as number ${entry.seq}`);
}
