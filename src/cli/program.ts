/** The command line as one function: one file a command under this folder. Loads a command only when it is asked for. */
import { Command, CommanderError } from 'commander';
import { EXIT, ProofboxError } from '../errors.ts';
import { addCommands } from './commands.ts';
import { outliveReaders, reportError } from './output.ts';

/** Carries out what the arguments of this process say, and sets its exit code. Never throws. */
export async function main(): Promise<void> {
  outliveReaders();
  const program = new Command('proofbox')
    .description('Runs a coding engine nobody trusts yet in a throwaway container, and proves what it did.')
    .version('0.1.0')
    .showHelpAfterError('(add --help for the options and examples)')
    .exitOverride()
    .enablePositionalOptions();
  addCommands(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.passed : EXIT.invalid;
    } else {
      reportError(error, process.argv.includes('--json'));
      process.exitCode = error instanceof ProofboxError ? error.exitCode : EXIT.failed;
    }
  }
}

/** Loads what a run needs and runs nothing: the build keeps the compiled code of all that is loaded by then. */
export async function load(): Promise<void> {
  const [{ tryCandidates }] = await Promise.all([
    import('../docker/connect.ts'),
    import('./run-ahead.ts'),
    import('./run.ts'),
    import('./verify.ts'),
  ]);
  await tryCandidates([]);
}
