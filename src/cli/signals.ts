/** SIGINT and SIGTERM as one abort signal, for as long as a command is at work. */

import { setMaxListeners } from 'node:events';

/** @param reason of the abort, for whoever throws it; the default one where absent */
export async function withSignals<T>(act: (signal: AbortSignal) => Promise<T>, reason?: Error): Promise<T> {
  const stop = new AbortController();
  // Each cage of each run listens for as long as it lives.
  setMaxListeners(0, stop.signal);
  const onSignal = () => stop.abort(reason);
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await act(stop.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** The first SIGINT or SIGTERM asks to come to an end, the second to end at once. */
export async function withTwoSignals<T>(
  act: (drain: AbortSignal, interrupt: AbortSignal) => Promise<T>,
): Promise<T> {
  const [drain, interrupt] = [new AbortController(), new AbortController()];
  const onSignal = () => (drain.signal.aborted ? interrupt : drain).abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await act(drain.signal, interrupt.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
