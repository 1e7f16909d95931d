/** How the command line speaks: results on standard output, everything for people on standard error. */
import { EXIT, ProofboxError } from '../errors.ts';

/**
 * Keeps a stream that cannot be written from ending the process in the middle of a run. A reader who left misses what he
 * does not read, and the exit code is the verdict's all the same. A result that could not be written in full for any
 * other reason makes it the host's: whoever reads it must not take its beginning for the whole.
 */
export function outliveReaders(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    process.once('exit', () => {
      process.exitCode = EXIT.host;
    });
    process.stdout.removeAllListeners('error').on('error', () => undefined);
    say(
      `error: standard output cannot be written (${code ?? message}); free some space or send it elsewhere`,
    );
  });
}

/** Prints one JSON document and nothing else on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints a line for people on standard error. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints an error: one sentence and the fix, or with `json` all of it as a document. */
export function reportError(error: unknown, json: boolean): void {
  const known = error instanceof ProofboxError ? error : null;
  const message = known?.message ?? `proofbox failed: ${(error as Error).message}`;
  const fix = known?.fix ?? 'run again with PROOFBOX_DEBUG=1 and report what it prints';
  if (json)
    printJson({ error: { code: known?.code ?? 'internal', message, fix, exit_code: known?.exitCode ?? 1 } });
  else say(`error: ${message}; ${fix}`);
  if (process.env.PROOFBOX_DEBUG === '1') console.error(error);
}
