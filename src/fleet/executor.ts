/** Has the runs of a batch made by a fleet. Knows what is asked and what is answered; the queue itself is NATS's. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Executor, Site } from '../batch/executor.ts';
import type { PlannedRun } from '../batch/plan.ts';
import { ProofboxError } from '../errors.ts';
import type { RunClass } from '../schema/fleet.ts';
import { Answers } from './answers.ts';
import type { Nats } from './connect.ts';
import { reasonOf } from './connect.ts';
import type { Admitted } from './envelope.ts';
import { joinedBatch } from './joined.ts';
import { deleteBundle } from './objects.ts';
import { BatchQueue } from './queue.ts';
import { readStream } from './reader.ts';
import {
  bundlesStore,
  ensureClass,
  ensureFleet,
  type FleetSettings,
  fleetSettings,
  inputsStore,
} from './streams.ts';
import { ADVISORIES, ADVISORIES_SUBJECTS, ANSWERS, answersSubject, runSubject } from './subjects.ts';
import { type Cell, type CellWork, publishCell } from './work.ts';

export interface FleetOptions {
  nats: Nats;
  /** a batch that was begun in another folder */
  joined: string | undefined;
  admitted: Admitted;
  /** of which workers the runs are for */
  target: Pick<RunClass, 'inputs' | 'pool' | 'architecture' | 'runtime'>;
  references: readonly string[];
  /** bundles that are verified at once */
  concurrency: number;
  maxBundleBytes: number;
  /** leaves bundles in the object store for somebody else */
  keepBundles: boolean;
  /** @throws ProofboxError where the manifest asks for something that cannot be */
  work(run: PlannedRun): Promise<CellWork>;
}

/** How often one run is asked for again because of answers that are worth nothing. */
const MAX_LIES = 5;
/** A message goes a moment after its answer came. */
const AFTER_ANSWER_MS = 1_000;
/** Publishing waits for the server's word each time: so many at once. */
const PUBLISH_AT_ONCE = 64;

export function fleetExecutor(options: FleetOptions): Executor {
  return {
    async carryOut(runs, site) {
      if (runs.length === 0) return;
      await ensureFleet(options.nats);
      const settings = await fleetSettings(options.nats);
      const batch = await joinedBatch(site.out, options.joined);
      site.note(`batch ${batch}: ${runs.length} runs for the fleet`);
      await new FleetRun({ ...options, batch }, settings, runs, site).carryOut();
    },
  };
}

class FleetRun {
  readonly #queue: BatchQueue;
  readonly #cells = new Map<string, Cell>();
  readonly #attempts = new Map<string, number>();
  /** the first attempt after what had been given up before */
  readonly #bases = new Map<string, number>();
  readonly #lies = new Map<string, number>();
  /** missing from the queue at the last look, and not answered */
  #missing = new Set<string>();
  #answers: Answers | null = null;
  readonly #end = new AbortController();
  #failure: Error | null = null;
  /** everything that is under way */
  readonly #parts = new Set<Promise<void>>();

  constructor(
    private readonly options: FleetOptions & { batch: string },
    private readonly settings: FleetSettings,
    private readonly runs: readonly PlannedRun[],
    private readonly site: Site,
  ) {
    this.#queue = new BatchQueue(options.nats, options.batch);
  }

  async carryOut(): Promise<void> {
    const { nats, batch } = this.options;
    const { stop } = this.site;
    await this.#publishCells();
    for (const [key, attempt] of await this.#queue.dead()) {
      this.#attempts.set(key, attempt + 1);
      this.#bases.set(key, attempt + 1);
    }
    // In this order: an answer is there before its message goes, so that no run is in neither.
    const waiting = await this.#queue.waiting();
    for (const [key, attempt] of waiting) this.#attempts.set(key, Math.max(attempt, this.#attemptOf(key)));
    const answers = await this.#makeAnswers();
    const end = () => this.#end.abort();
    stop.addEventListener('abort', end, { once: true });
    if (stop.aborted) end();
    let begin = (): void => undefined;
    const caughtUp = new Promise<void>((resolve) => {
      begin = resolve;
    });
    this.#end.signal.addEventListener('abort', () => begin(), { once: true });
    void this.#guard(
      readStream(nats, {
        stream: ANSWERS,
        filter: answersSubject({ batch }, '*'),
        signal: this.#end.signal,
        onMessage: (message) => answers.take(message),
        onCaughtUp: begin,
        onWait: (error) => this.site.note(`waiting for NATS (${reasonOf(error)})`),
      }),
    );
    await caughtUp;
    // What had been answered before is judged first: some of it may have to be asked for again.
    await answers.settled();
    for (const part of [this.#ask(waiting), this.#watchAdvisories(), this.#sweep()]) void this.#guard(part);
    this.#endWhereDone();
    while (this.#parts.size > 0) await Promise.all(this.#parts);
    stop.removeEventListener('abort', end);
    await answers.settled();
    if (this.#failure !== null) throw this.#failure;
    // Told to begin nothing more; whoever only goes away leaves the queue as it is.
    if (stop.aborted && !this.site.interrupt.aborted) await this.#queue.withdrawAll();
  }

  async #publishCells(): Promise<void> {
    const { nats, target, work } = this.options;
    const store = await inputsStore(nats);
    for (const run of this.runs) {
      const name = cellName(run);
      if (this.site.stop.aborted || this.#cells.has(name)) continue;
      this.#cells.set(name, await publishCell(await work(run), store));
    }
    for (const kind of new Set([...this.#cells.values()].map((cell) => cell.kind)))
      await ensureClass(nats, { ...target, kind }, this.settings);
    this.#queue.wake();
  }

  async #makeAnswers(): Promise<Answers> {
    const { nats, batch, admitted, concurrency, maxBundleBytes, keepBundles, references, target } =
      this.options;
    const { site } = this;
    const store = await bundlesStore(nats);
    const answers = new Answers(
      {
        batch,
        out: site.out,
        admitted,
        store,
        concurrency,
        maxBundleBytes,
        discard: async (bundle) => {
          if (!keepBundles) await deleteBundle(nats, store, bundle);
        },
        signal: site.interrupt,
        question: (run) => ({
          assignment: this.#queue.assignment(run.key),
          cell: this.#cellOf(run),
          references,
          runtime: target.runtime === 'default' ? undefined : target.runtime,
        }),
        started: (run, worker) => site.started(run, worker),
        over: async (outcome) => {
          const isAgain = (this.#attempts.get(outcome.key) ?? 1) > 1;
          await site.over(outcome);
          if (isAgain) await this.#withdraw(outcome.key);
          this.#endWhereDone();
        },
        note: (text) => site.note(text),
        onRefused: (run, attempt) => void this.#guard(this.#askAgain(run, attempt)),
        onImpossible: (run, attempt, reason) => void this.#guard(this.#bury(run, attempt, reason, 1)),
      },
      this.runs,
    );
    this.#answers = answers;
    return answers;
  }

  /** Everything that is open and not in the queue. */
  async #ask(waiting: ReadonlyMap<string, number>): Promise<void> {
    const open = this.runs.filter(({ key }) => this.#isOpen(key) && !waiting.has(key));
    for (let at = 0; at < open.length && !this.#end.signal.aborted; at += PUBLISH_AT_ONCE)
      await Promise.all(open.slice(at, at + PUBLISH_AT_ONCE).map((run) => this.#put(run)));
    this.#queue.wake();
  }

  async #put(run: PlannedRun): Promise<void> {
    const cell = this.#cellOf(run);
    const ask = {
      ...cell.message,
      assignment: this.#queue.assignment(run.key),
      attempt: this.#attemptOf(run.key),
    };
    await this.#queue.put({ of: this.#classOf(cell), ask }, this.#end.signal).catch((error) => {
      if (!this.#end.signal.aborted) throw error;
    });
  }

  /** After an answer that is worth nothing: where its message has gone, the run is with nobody. */
  async #askAgain(run: PlannedRun, attempt: number): Promise<void> {
    if (attempt < (this.#bases.get(run.key) ?? 1)) return;
    const lies = (this.#lies.get(run.key) ?? 0) + 1;
    this.#lies.set(run.key, lies);
    await sleep(AFTER_ANSWER_MS, undefined, { signal: this.#end.signal }).catch(() => undefined);
    if (!this.#isOpen(run.key) || this.#end.signal.aborted) return;
    if (lies >= MAX_LIES)
      return this.#bury(
        run,
        this.#attemptOf(run.key),
        `${lies} answers to it were refused; refused.jsonl names them`,
        lies,
      );
    if (await this.#queue.holds(this.#subjectOf(run))) return;
    this.#attempts.set(run.key, this.#attemptOf(run.key) + 1);
    await this.#put(run);
  }

  /** The server stops handing out a message that nobody answered; whoever asked learns it here. */
  async #watchAdvisories(): Promise<void> {
    await readStream(this.options.nats, {
      stream: ADVISORIES,
      filter: ADVISORIES_SUBJECTS,
      signal: this.#end.signal,
      onMessage: async (message) => {
        const { stream_seq: seq, deliveries } = message.json<{
          stream_seq?: unknown;
          deliveries?: unknown;
        }>();
        if (!Number.isSafeInteger(seq)) return;
        const ask = await this.#queue.bySequence(seq as number);
        const run = this.runs.find(({ key }) => key === ask?.assignment.key);
        if (ask === null || run === undefined) return;
        const trouble = this.#answers?.open.get(run.key)?.trouble ?? null;
        const why =
          trouble ?? 'no worker that had it came to an end with it: each was killed, cut off or stopped';
        await this.#bury(
          run,
          ask.attempt,
          `handed out ${deliveries} times without an answer (${why})`,
          Number(deliveries),
        );
      },
    });
  }

  /** A run that is neither in the queue nor answered, twice in a row, was lost by somebody: it is asked for again. */
  async #sweep(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      await sleep(this.settings.ackWaitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const waiting = await this.#queue.waiting();
      const missing = this.runs.filter(
        ({ key }) => this.#isOpen(key) && !waiting.has(key) && this.#answers?.isJudging(key) !== true,
      );
      for (const run of missing.filter(({ key }) => this.#missing.has(key))) {
        this.site.note(`${run.key} had gone from the queue without an answer: it is asked for again`);
        this.#attempts.set(run.key, this.#attemptOf(run.key) + 1);
        await this.#put(run);
      }
      this.#missing = new Set(missing.map(({ key }) => key));
    }
  }

  async #bury(run: PlannedRun, attempt: number, reason: string, deliveries: number): Promise<void> {
    // What was said of an earlier attempt has had its consequences.
    if (!this.#isOpen(run.key) || attempt < this.#attemptOf(run.key)) return;
    const cell = this.#cellOf(run);
    const assignment = this.#queue.assignment(run.key);
    await this.#queue.bury(
      {
        schema: 'proofbox.dead-letter/v1',
        assignment,
        attempt,
        reason,
        deliveries,
        workers: this.#answers?.open.get(run.key)?.takers ?? [],
        at: new Date().toISOString(),
        ask: { ...cell.message, assignment, attempt },
      },
      this.#classOf(cell),
    );
    await this.#answers?.giveUp(run.key, reason);
  }

  /** Somebody may still be handed a run that is over. */
  async #withdraw(key: string): Promise<void> {
    const run = this.runs.find((one) => one.key === key);
    if (run !== undefined) await this.#queue.withdraw(this.#subjectOf(run));
  }

  #endWhereDone(): void {
    if (this.#answers?.open.size === 0) this.#end.abort();
  }

  /** One part that cannot go on ends all of them. */
  #guard(part: Promise<void>): Promise<void> {
    const guarded = part.catch((error: Error) => {
      this.#failure ??=
        error instanceof ProofboxError
          ? error
          : new ProofboxError('host', `the fleet cannot be asked any more (${reasonOf(error)})`, {
              fix: 'mend the cause; the same command goes on where this one stopped',
              cause: error,
            });
      this.#end.abort();
    });
    this.#parts.add(guarded);
    return guarded.finally(() => this.#parts.delete(guarded));
  }

  #isOpen(key: string): boolean {
    return this.#answers?.open.has(key) ?? true;
  }

  #attemptOf(key: string): number {
    return this.#attempts.get(key) ?? 1;
  }

  #subjectOf(run: PlannedRun): string {
    return runSubject(
      this.#classOf(this.#cellOf(run)),
      this.#queue.assignment(run.key),
      this.#attemptOf(run.key),
    );
  }

  #classOf({ kind }: Cell): RunClass {
    return { ...this.options.target, kind };
  }

  #cellOf(run: PlannedRun): Cell {
    const cell = this.#cells.get(cellName(run));
    if (cell === undefined) throw new Error(`${run.key} has not been made ready`);
    return cell;
  }
}

function cellName({ fixture, engine }: PlannedRun): string {
  return `${fixture}\n${engine.id}`;
}
