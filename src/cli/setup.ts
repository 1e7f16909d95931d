/** Entry of scripts/setup: the Docker part of the set-up, told step by step on standard error. */
import { setUp } from '../docker/setup.ts';
import { EXIT, ProofboxError } from '../errors.ts';
import { reportError, say } from './output.ts';

try {
  await setUp(say);
} catch (error) {
  reportError(error, false);
  process.exitCode = error instanceof ProofboxError ? error.exitCode : EXIT.host;
}
