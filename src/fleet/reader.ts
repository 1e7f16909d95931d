/** Reads a stream from its beginning and then as it grows, each message once and in order, whatever happens to servers. */
import type { JsMsg } from '@nats-io/jetstream';
import type { Nats } from './connect.ts';
import { patiently } from './patience.ts';

export interface ReadOptions {
  stream: string;
  filter: string;
  signal: AbortSignal;
  onMessage(message: JsMsg): void | Promise<void>;
  /** once, when everything that stood there at the beginning was handed over */
  onCaughtUp?(): void;
  onWait?(error: Error): void;
}

/** Resolves when the signal comes. */
export async function readStream({ js }: Nats, options: ReadOptions): Promise<void> {
  const { stream, filter, signal, onMessage } = options;
  let next = 1;
  let isCaughtUp = false;
  const caughtUp = () => {
    if (!isCaughtUp) options.onCaughtUp?.();
    isCaughtUp = true;
  };
  const readOn = async () => {
    const consumer = await js.consumers.get(stream, { filter_subjects: filter, opt_start_seq: next });
    const { num_pending: pending } = await consumer.info();
    if (pending === 0) caughtUp();
    if (signal.aborted) return;
    const messages = await consumer.consume({ idle_heartbeat: 2_000, expires: 10_000 });
    const stop = () => void messages.close();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for await (const message of messages) {
        if (message.seq < next) continue;
        await onMessage(message);
        next = message.seq + 1;
        if (message.info.pending === 0) caughtUp();
      }
    } finally {
      signal.removeEventListener('abort', stop);
      await consumer.delete().catch(() => undefined);
    }
    if (!signal.aborted) throw new Error('the reader was closed');
  };
  while (!signal.aborted)
    await patiently(readOn, {
      signal,
      isPassing: () => !signal.aborted,
      ...(options.onWait === undefined ? {} : { onWait: options.onWait }),
    }).catch((error) => {
      if (!signal.aborted) throw error;
    });
}

/** What stands in a stream now. */
export async function readAll(
  nats: Nats,
  stream: string,
  filter: string,
  onMessage: (message: JsMsg) => void,
): Promise<void> {
  const stop = new AbortController();
  await readStream(nats, { stream, filter, signal: stop.signal, onMessage, onCaughtUp: () => stop.abort() });
}
