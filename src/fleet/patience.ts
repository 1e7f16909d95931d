/** Tries a call to NATS again where only the moment was wrong: no leader yet, a cut, a server that is starting. */
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 200;
const LONGEST_MS = 5_000;

/** What the server says of a request that is in itself impossible. It would say so again. */
const FINAL = new Set([400, 403, 404]);

/** True for an error that another try may not meet. */
export function isPassing(error: unknown): boolean {
  const { name, code, status } = error as { name?: string; code?: unknown; status?: unknown };
  // Asking again on a connection that we closed ourselves is pointless.
  if (name === 'ClosedConnectionError' || name === 'DrainingConnectionError') return false;
  if (name === 'PermissionViolationError' || name === 'InvalidArgumentError') return false;
  if (name !== 'JetStreamApiError' && name !== 'StreamNotFoundError' && name !== 'ConsumerNotFoundError')
    return name !== 'TypeError' && name !== 'ProofboxError';
  // 503: no leader or no room in the cluster right now.
  return status === 503 || (status === undefined && !FINAL.has(Number(code)));
}

/**
 * @param signal ends the trying; the last error is thrown then
 * @param onWait told once, with the first error that is waited for
 */
export async function patiently<T>(
  act: () => Promise<T>,
  options: {
    signal?: AbortSignal;
    onWait?: (error: Error) => void;
    isPassing?: (error: unknown) => boolean;
  } = {},
): Promise<T> {
  for (let wait = FIRST_MS; ; wait = Math.min(wait * 2, LONGEST_MS)) {
    try {
      return await act();
    } catch (error) {
      if (options.signal?.aborted === true || !(options.isPassing ?? isPassing)(error)) throw error;
      if (wait === FIRST_MS) options.onWait?.(error as Error);
      // Not all at once: a thousand workers may have lost the same server.
      await sleep(
        wait * (0.5 + Math.random()),
        undefined,
        options.signal ? { signal: options.signal } : {},
      ).catch(() => {
        throw error;
      });
    }
  }
}
