/** Reads a stream from its beginning and then as it grows, each message once and in order, whatever happens to servers. */
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
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

const HEARTBEAT_MS = 2_000;
/** Neither a message nor a heartbeat for this long: the consumer has been lost with its server. */
const SILENT_MS = 5 * HEARTBEAT_MS;

/**
 * Resolves when the signal comes. Such a consumer has one copy, on one server; the client would wait for that server
 * to come back, and not make another consumer elsewhere.
 */
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
    const messages = await consumer.consume({ idle_heartbeat: HEARTBEAT_MS, expires: 10_000 });
    const stop = () => void messages.close();
    let why = 'the reader was closed';
    const silence = setTimeout(() => {
      why = `nothing was heard for ${SILENT_MS / 1000} s`;
      stop();
    }, SILENT_MS);
    void onHeartbeats(messages, () => silence.refresh());
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for await (const message of messages) {
        silence.refresh();
        if (message.seq < next) continue;
        await onMessage(message);
        next = message.seq + 1;
        if (message.info.pending === 0) caughtUp();
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', stop);
      await consumer.delete().catch(() => undefined);
    }
    if (!signal.aborted) throw new Error(why);
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

async function onHeartbeats(messages: ConsumerMessages, act: () => void): Promise<void> {
  for await (const { type } of messages.status()) if (type === 'heartbeat') act();
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
