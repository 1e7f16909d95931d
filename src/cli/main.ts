#!/usr/bin/env node
/** The command line: one file a command under this folder. Loads a command only when it is asked for. */
import { Command, CommanderError } from 'commander';
import { EXIT, ProofboxError } from '../errors.ts';
import { addCommands } from './commands.ts';
import { reportError } from './output.ts';

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
