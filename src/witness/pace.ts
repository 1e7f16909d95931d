/** Lets long synchronous work share the event loop with the streams of a running cage. Never sleeps. */
import { setImmediate } from 'node:timers/promises';

/** The longest stretch of work without a break. */
const STRETCH_MS = 8;

/**
 * A function to call between small pieces of work: mostly null (go on), now and then a promise to wait for.
 * @throws the signal's reason once it is aborted
 */
export function pace(signal?: AbortSignal): () => Promise<void> | null {
  let since = performance.now();
  return () => {
    signal?.throwIfAborted();
    if (performance.now() - since < STRETCH_MS) return null;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
