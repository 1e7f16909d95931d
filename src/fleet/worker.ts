/** A worker of a fleet: takes so many runs at once, says every few seconds that it lives, and ends without losing one. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import type { RunClass, WorkerState } from '../schema/fleet.ts';
import { type Pulled, Puller } from './pull.ts';
import { type ServeOptions, serve } from './serve.ts';

export interface WorkerOptions extends ServeOptions {
  bucket: KV;
  /** where its state is kept: unlike the name, nobody else's */
  id: string;
  facts: Pick<
    WorkerState,
    'version' | 'inputs' | 'architecture' | 'runtime' | 'pool' | 'labels' | 'concurrency'
  >;
  /** whether runs of the engine `case` may be made here now */
  hasCase(): Promise<boolean>;
  /** no further run is taken; what is under way comes to its end */
  drain: AbortSignal;
}

const BEAT_MS = 10_000;
/** After a run that this host could not make, others get the next ones first. */
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

/** Resolves when it has drained. */
export async function work(options: WorkerOptions): Promise<void> {
  const worker = new Worker(options);
  await worker.run();
}

class Worker {
  readonly #running = new Map<symbol, string>();
  readonly #jobs = new Set<Promise<void>>();
  readonly #startedAt = new Date().toISOString();
  #done = 0;
  #givenBack = 0;
  #hasCase = false;
  #restMs = 0;

  constructor(private readonly options: WorkerOptions) {}

  async run(): Promise<void> {
    const { nats, drain, note, facts, bucket, id } = this.options;
    await this.#lookForCase();
    const puller = new Puller(nats, (of) => this.#serves(of), drain, note);
    await this.#beat(puller);
    const timer = setInterval(() => void this.#beat(puller), BEAT_MS);
    const told = new Promise<void>((resolve) => {
      drain.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      while (!drain.aborted) {
        if (this.#jobs.size >= facts.concurrency) {
          // A worker that has all it can carry says at once that it heard, and not after its runs.
          await Promise.race([...this.#jobs, told]);
          continue;
        }
        if (this.#restMs > 0) await sleep(this.#restMs, undefined, { signal: drain }).catch(() => undefined);
        const pulled = await puller.next();
        for (const one of pulled ?? []) {
          if (drain.aborted || this.#jobs.size >= facts.concurrency) one.message.nak();
          else this.#start(one);
        }
      }
      await this.#beat(puller);
      if (this.#jobs.size > 0) note(`takes no more runs; ${this.#jobs.size} come to their end first`);
      await Promise.all(this.#jobs);
    } finally {
      clearInterval(timer);
      await bucket.delete(id).catch(() => undefined);
    }
  }

  #start(pulled: Pulled): void {
    const mark = Symbol();
    const job = serve(this.options, pulled, (key) => this.#running.set(mark, key)).then(
      (served) => {
        if (served === 'done') this.#done += 1;
        else this.#givenBack += 1;
        this.#restMs =
          served === 'given_back' ? Math.min(Math.max(this.#restMs * 2, FIRST_REST_MS), LONGEST_REST_MS) : 0;
      },
      (error: Error) => this.options.note(`a run was lost to this worker: ${error.message}`),
    );
    const known = job.finally(() => {
      this.#running.delete(mark);
      this.#jobs.delete(known);
    });
    this.#jobs.add(known);
  }

  #serves(of: RunClass): boolean {
    const { inputs, pool, architecture, runtime } = this.options.facts;
    return (
      of.inputs === inputs &&
      of.pool === pool &&
      (of.architecture === 'any' || of.architecture === architecture) &&
      of.runtime === runtime &&
      (of.kind === 'plain' || this.#hasCase)
    );
  }

  async #lookForCase(): Promise<boolean> {
    const before = this.#hasCase;
    this.#hasCase = await this.options.hasCase().catch(() => false);
    return this.#hasCase !== before;
  }

  /** Never throws: whoever cannot say that it lives may still make its runs. */
  async #beat(puller: Puller): Promise<void> {
    if (await this.#lookForCase()) puller.refresh();
    const { bucket, id, name, key, facts, drain } = this.options;
    const state: WorkerState = {
      ...facts,
      name,
      keyid: key.signer.keyid,
      has_case: this.#hasCase,
      running: [...this.#running.values()],
      done: this.#done,
      given_back: this.#givenBack,
      draining: drain.aborted,
      started_at: this.#startedAt,
      at: new Date().toISOString(),
    };
    await bucket.put(id, JSON.stringify(state)).catch(() => undefined);
  }
}
