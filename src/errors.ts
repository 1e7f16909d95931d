/** The one error type of proofbox: a sentence for the person, a fix, and the exit code a script sees. */

/** Exit codes of the command line, listed for users in the README. */
export const EXIT = { passed: 0, failed: 1, invalid: 2, blocked: 3, host: 4, interrupted: 130 } as const;

/** Why a command could not go on. Each code maps to exactly one exit code. */
export type ErrorCode =
  /** wrong flags or arguments */
  | 'usage'
  /** contract, fixture or config breaks its schema or points outside */
  | 'invalid_input'
  /** the host cannot do it: no engine, no image, kernel too old, disk full */
  | 'host'
  /** a gate is closed */
  | 'blocked'
  /** SIGINT or SIGTERM */
  | 'interrupted'
  /** a defect of proofbox itself */
  | 'internal';

const EXIT_OF: Record<ErrorCode, number> = {
  usage: EXIT.invalid,
  invalid_input: EXIT.invalid,
  host: EXIT.host,
  blocked: EXIT.blocked,
  interrupted: EXIT.interrupted,
  internal: EXIT.failed,
};

/**
 * An error meant for a person: `message` is one sentence that names the place, `fix` says what to do.
 * `cause` carries the original error for `--json` and for debugging.
 */
export class ProofboxError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;

  constructor(code: ErrorCode, message: string, options: { fix: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProofboxError';
    this.code = code;
    this.fix = options.fix;
  }

  /** The process exit code this error maps to. */
  get exitCode(): number {
    return EXIT_OF[this.code];
  }
}
