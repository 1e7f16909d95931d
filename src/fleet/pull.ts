/** Takes one message at a time from the classes that this worker may serve. Takes none that it cannot start at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { RunClass } from '../schema/fleet.ts';
import { CALL_MS, type Nats, reasonOf } from './connect.ts';
import { patiently } from './patience.ts';
import { isMissing } from './streams.ts';
import { parseConsumerName, RUNS, WAKE_SUBJECT } from './subjects.ts';

export interface Pulled {
  message: JsMsg;
  of: RunClass;
  /** a worker that is silent for this long has lost the message */
  ackWaitMs: number;
  /** nobody else will be handed it */
  isLast: boolean;
}

interface Source {
  of: RunClass;
  consumer: Consumer;
  ackWaitMs: number;
  maxDeliver: number;
}

function pulledFrom({ of, ackWaitMs, maxDeliver }: Source, message: JsMsg): Pulled {
  return { message, of, ackWaitMs, isLast: message.info.deliveryCount >= maxDeliver };
}

/** A request that no message answered is made again after this. */
const PULL_MS = 30_000;
/** One class that has something waiting is asked on its own, so that not two answer at once. */
const SHORT_PULL_MS = 1_000;
/** How often the list of classes is looked at again without a word from anybody, and at random up to twice as long. */
const REFRESH_MS = 60_000;
const AFTER_ERROR_MS = 1_000;

export class Puller {
  #sources: Source[] = [];
  #isStale = true;
  #turn = 0;
  #waiting = new AbortController();

  /**
   * @param serves whether this worker takes a class now
   * @param signal ends the pulling; nothing is taken afterwards
   */
  constructor(
    private readonly nats: Nats,
    private readonly serves: (of: RunClass) => boolean,
    private readonly signal: AbortSignal,
    private readonly note: (text: string) => void,
  ) {
    nats.connection.subscribe(WAKE_SUBJECT, { callback: () => this.refresh() });
    const again = () => {
      const timer = setTimeout(
        () => {
          this.refresh();
          again();
        },
        REFRESH_MS * (1 + Math.random()),
      );
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    };
    again();
    signal.addEventListener('abort', () => this.#waiting.abort(), { once: true });
  }

  /** Looks at the classes again before the next message, and now if one is waited for. */
  refresh(): void {
    this.#isStale = true;
    this.#waiting.abort();
  }

  /** The next messages, mostly one; null when the pulling has ended. */
  async next(): Promise<Pulled[] | null> {
    while (!this.signal.aborted) {
      this.#waiting = new AbortController();
      try {
        if (this.#isStale) await this.#look();
        const found = (await this.#fromBacklog()) ?? (await this.#fromAny());
        if (found.length > 0) return found;
      } catch (error) {
        this.#isStale = true;
        if (this.signal.aborted) return null;
        this.note(`waiting for the queue (${reasonOf(error as Error)})`);
        await sleep(AFTER_ERROR_MS * (1 + Math.random()), undefined, { signal: this.signal }).catch(
          () => undefined,
        );
      }
    }
    return null;
  }

  async #look(): Promise<void> {
    this.#isStale = false;
    const sources: Source[] = [];
    for (const name of await this.#names()) {
      const of = parseConsumerName(name);
      if (of === null || !this.serves(of)) continue;
      const consumer = await this.nats.js.consumers.get(RUNS, name);
      const { config } = await consumer.info(true);
      const { ack_wait: ackWait = 30e9, max_deliver: most = -1 } = config;
      sources.push({
        of,
        consumer,
        ackWaitMs: ackWait / 1e6,
        maxDeliver: most > 0 ? most : Number.POSITIVE_INFINITY,
      });
    }
    this.#sources = sources;
  }

  async #names(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name } of this.nats.jsm.consumers.list(RUNS)) names.push(name);
    } catch (error) {
      // Nobody has set it up yet: the first batch will, and says so.
      if (!isMissing(error)) throw error;
    }
    return names;
  }

  /** Where something waits already. Null where nothing does. */
  async #fromBacklog(): Promise<Pulled[] | null> {
    for (let n = 0; n < this.#sources.length && !this.signal.aborted; n += 1) {
      const source = this.#sources[(this.#turn + n) % this.#sources.length];
      if (source === undefined || (await source.consumer.info()).num_pending === 0) continue;
      const message = await source.consumer.next({ expires: SHORT_PULL_MS });
      if (message === null) continue;
      this.#turn += n + 1;
      return [pulledFrom(source, message)];
    }
    return null;
  }

  /** Waits at all classes at once. Two may answer in the same moment, which is rare. */
  async #fromAny(): Promise<Pulled[]> {
    const found: Pulled[] = [];
    const pulls: ConsumerMessages[] = [];
    const wait = this.#waiting.signal;
    const close = () => {
      for (const pull of pulls) void pull.close();
    };
    wait.addEventListener('abort', close, { once: true });
    try {
      if (this.#sources.length === 0) {
        await sleep(PULL_MS, undefined, { signal: wait }).catch(() => undefined);
        return [];
      }
      await Promise.all(
        this.#sources.map(async (source) => {
          const pull = await source.consumer.fetch({ max_messages: 1, expires: PULL_MS });
          pulls.push(pull);
          if (wait.aborted || found.length > 0) close();
          for await (const message of pull) {
            found.push(pulledFrom(source, message));
            close();
          }
        }),
      );
    } finally {
      close();
      wait.removeEventListener('abort', close);
    }
    return found;
  }
}

/** A server that has not confirmed within this never will: its consumer has been removed, say. */
const CONFIRM_MS = 120_000;

/**
 * Answers a message so that the server has surely heard it. Not with the client's own `ackAck`: that asks for one
 * confirmation and never for a second, and the server that was asked may be lost with its answer.
 * @throws the client's last error where no server confirms; the message may be handed out again then
 */
export async function acknowledge({ connection }: Nats, message: JsMsg, signal: AbortSignal): Promise<void> {
  const { reply } = message as JsMsg & { reply: string };
  await patiently(() => connection.request(reply, '+ACK', { timeout: CALL_MS }), {
    signal: AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_MS)]),
  });
}
