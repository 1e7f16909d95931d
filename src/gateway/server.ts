/**
 * The gateway: the one way from a cage to a model. It listens on a socket in run_artifact_dir, lets listed calls pass,
 * adds the key outside, bounds everything, and writes down each request. What comes from the cage is hostile.
 */
import { setMaxListeners } from 'node:events';
import { chmod, chown, open } from 'node:fs/promises';
import { createServer } from 'node:http';
import PQueue from 'p-queue';
import type { ProviderRecord } from '../schema/provider.ts';
import { Exchange, type Finished } from './exchange.ts';
import { BURST, MAX_CONNECTIONS, MAX_REQUESTS, RATE } from './policy.ts';
import { SOCKET_NAME } from './socket.ts';
import type { Source } from './source.ts';

export interface GatewayOptions {
  /** host folder in which the socket is made; the engine may do what it likes to it afterwards */
  folder: string;
  /** the cage's user; nobody else may connect */
  owner: { uid: number; gid: number };
  source: Source;
  /** crossed out of everything that goes into the cage; null where there is none */
  secret: string | null;
  nonce: string;
  /** milliseconds since the run began */
  clock: () => number;
  /** takes one line of provider.jsonl */
  write(line: string): Promise<void>;
}

export interface Gateway {
  /**
   * Ends every connection and removes the socket. Returns how many requests there were.
   * @throws what `write` threw, or ProofboxError `host` where a cassette cannot be written
   */
  close(): Promise<number>;
}

/** @throws the system's error where the socket cannot be made */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  // By descriptor: a path may be longer than a socket's name, and the engine may move the folder.
  const folder = await open(options.folder, 'r');
  const path = `/proc/self/fd/${folder.fd}/${SOCKET_NAME}`;
  const log = new Log(options);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  // A runaway agent waits for its turn; refusing it would only make it ask more.
  const turns = new PQueue({
    concurrency: MAX_CONNECTIONS,
    intervalCap: BURST,
    interval: (BURST / RATE) * 1000,
  });
  let requests = 0;
  const server = createServer((request, response) => {
    if (requests > MAX_REQUESTS) return void request.destroy();
    requests += 1;
    const exchange = new Exchange({ ...options, request, response, stop: stop.signal });
    if (requests > MAX_REQUESTS) {
      log.add(exchange.refuse(429, 'too_large'));
      server.close();
      return;
    }
    const turn = turns.add(() => exchange.carry(), { signal: stop.signal });
    log.add(turn.catch(() => exchange.refuse(503, 'left')));
  });
  server.maxConnections = 4 * MAX_CONNECTIONS;
  server.headersTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  if (process.getuid?.() === 0) await chown(path, options.owner.uid, options.owner.gid);
  return {
    async close() {
      stop.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      try {
        await log.end();
        await options.source.close();
      } finally {
        await folder.close();
      }
      return requests;
    },
  };
}

/** Lines in the order in which the exchanges ended. */
class Log {
  readonly #options: GatewayOptions;
  #last: Promise<void> = Promise.resolve();
  #open = new Set<Promise<void>>();
  #seq = 0;
  #error: unknown = null;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  add(exchange: Promise<Finished>): void {
    const written = exchange
      .then((record) => {
        this.#last = this.#last.then(() => this.#write(record));
        return this.#last;
      })
      .catch((error: unknown) => {
        this.#error ??= error;
      })
      .finally(() => this.#open.delete(written));
    this.#open.add(written);
  }

  /** @throws what the first failed write threw */
  async end(): Promise<void> {
    await Promise.all(this.#open);
    if (this.#error !== null) throw this.#error;
  }

  #write(record: Finished): Promise<void> {
    this.#seq += 1;
    const { nonce, clock, write } = this.#options;
    const line: ProviderRecord = {
      seq: this.#seq,
      t_ms: clock(),
      ...record,
      ...(this.#seq === 1 ? { nonce } : {}),
    };
    return write(`${JSON.stringify(line)}\n`);
  }
}
