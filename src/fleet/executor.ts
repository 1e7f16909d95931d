/** Has the runs of a batch made by a fleet: what is asked, what is answered and what the server gives up, until nothing is open. */
import type { Executor, Site } from '../batch/executor.ts';
import type { PlannedRun } from '../batch/plan.ts';
import { ProofboxError } from '../errors.ts';
import { Answers } from './answers.ts';
import { Asking } from './asking.ts';
import { Cells, type CellsOptions } from './cells.ts';
import { reasonOf } from './connect.ts';
import type { Admitted } from './envelope.ts';
import { joinedBatch } from './joined.ts';
import { asJudged } from './judge.ts';
import { Judges } from './judges.ts';
import { deleteObject } from './objects.ts';
import { BatchQueue } from './queue.ts';
import { readStream } from './reader.ts';
import { bundlesStore, ensureFleet, type FleetSettings, fleetSettings } from './streams.ts';
import { ADVISORIES, ADVISORIES_SUBJECTS, ANSWERS, answersSubject } from './subjects.ts';

export interface FleetOptions extends CellsOptions {
  /** a batch that was begun in another folder */
  joined: string | undefined;
  admitted: Admitted;
  references: readonly string[];
  /** bundles that are verified at once */
  concurrency: number;
  maxBundleBytes: number;
  /** leaves bundles in the object store for somebody else */
  keepBundles: boolean;
}

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
  readonly #cells: Cells;
  readonly #asking: Asking;
  readonly #judges: Judges;
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
    this.#cells = new Cells(options);
    this.#judges = new Judges(options.concurrency);
    this.#asking = new Asking({
      runs,
      queue: this.#queue,
      cells: this.#cells,
      said: (key) => this.#answers?.said(key) ?? null,
      onGivenUp: async (key, reason) => this.#answers?.giveUp(key, reason),
      note: (text) => site.note(text),
      end: this.#end.signal,
    });
  }

  async carryOut(): Promise<void> {
    try {
      await this.#untilNothingIsOpen();
    } finally {
      await this.#judges.close();
    }
  }

  async #untilNothingIsOpen(): Promise<void> {
    const { nats, batch } = this.options;
    const { stop } = this.site;
    await this.#cells.publish(this.runs, this.settings, stop);
    this.#queue.wake();
    // In this order: an answer is there before its message goes, so that no run is in neither.
    const waiting = await this.#asking.resume();
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
    for (const part of [
      this.#asking.begin(waiting),
      this.#watchAdvisories(answers),
      this.#asking.sweep(this.settings.ackWaitMs),
    ])
      void this.#guard(part);
    this.#endWhereDone();
    while (this.#parts.size > 0) await Promise.all(this.#parts);
    stop.removeEventListener('abort', end);
    await answers.settled();
    if (this.#failure !== null) throw this.#failure;
    // Told to begin nothing more; whoever only goes away leaves the queue as it is.
    if (stop.aborted && !this.site.interrupt.aborted) await this.#queue.withdrawAll();
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
        judges: this.#judges,
        discard: async (bundle) => {
          if (!keepBundles) await deleteObject(store, bundle);
        },
        signal: site.interrupt,
        question: (run) => ({
          assignment: this.#queue.assignment(run.key),
          cell: asJudged(this.#cells.of(run)),
          references,
          runtime: target.runtime === 'default' ? undefined : target.runtime,
        }),
        started: (run, worker) => site.started(run, worker),
        over: async (outcome) => {
          await site.over(outcome);
          await this.#asking.withdraw(outcome.key);
          this.#endWhereDone();
        },
        note: (text) => site.note(text),
        onRefused: (run, attempt) => void this.#guard(this.#asking.again(run, attempt)),
        onImpossible: (run, attempt, reason) => void this.#guard(this.#asking.bury(run, attempt, reason, 1)),
      },
      this.runs,
    );
    this.#answers = answers;
    return answers;
  }

  /** The server stops handing out a message that nobody answered; whoever asked learns it here. */
  async #watchAdvisories(answers: Answers): Promise<void> {
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
        const why =
          answers.said(run.key)?.trouble ??
          'no worker that had it came to an end with it: each was killed, cut off or stopped';
        await this.#asking.bury(
          run,
          ask.attempt,
          `handed out ${deliveries} times without an answer (${why})`,
          Number(deliveries),
        );
      },
    });
  }

  #endWhereDone(): void {
    if (this.#answers?.isDone === true) this.#end.abort();
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
}
