/** How the command line speaks: results on standard output, everything for people on standard error. */
import { ProofboxError } from '../errors.ts';

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
