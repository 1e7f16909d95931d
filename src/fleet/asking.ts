/** Sees to it that every open run of a batch is in the queue: puts it there, again where it was lost or lied about, and at last gives it up. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedRun } from '../batch/plan.ts';
import type { Cells } from './cells.ts';
import type { BatchQueue } from './queue.ts';

/** What has been said of a run that is not over. */
export interface Said {
  takers: readonly string[];
  isJudging: boolean;
}

export interface AskingOptions {
  runs: readonly PlannedRun[];
  queue: BatchQueue;
  cells: Cells;
  /** null where the run is over */
  said(key: string): Said | null;
  /** told of a run that nobody will be asked for any more */
  onGivenUp(key: string, reason: string): Promise<void>;
  note(text: string): void;
  /** nothing more is asked for */
  end: AbortSignal;
}

/** How often one run is asked for again because of answers that are worth nothing. */
const MAX_LIES = 5;
/** A message goes a moment after its answer came. */
const AFTER_ANSWER_MS = 1_000;
/** Publishing waits for the server's word each time: so many at once. */
const PUBLISH_AT_ONCE = 64;

export class Asking {
  readonly #attempts = new Map<string, number>();
  /** the first attempt after what had been given up before */
  readonly #bases = new Map<string, number>();
  readonly #lies = new Map<string, number>();
  /** missing from the queue at the last look, and not answered */
  #missing = new Set<string>();

  constructor(private readonly options: AskingOptions) {}

  /**
   * Takes up what earlier batches of this name have left.
   * @returns the runs that are in the queue
   */
  async resume(): Promise<Set<string>> {
    const { queue } = this.options;
    for (const [key, attempt] of await queue.dead()) {
      this.#attempts.set(key, attempt + 1);
      this.#bases.set(key, attempt + 1);
    }
    const waiting = await queue.waiting();
    for (const [key, attempt] of waiting) this.#attempts.set(key, Math.max(attempt, this.#attemptOf(key)));
    return new Set(waiting.keys());
  }

  /** Everything that is open and not in the queue. */
  async begin(waiting: ReadonlySet<string>): Promise<void> {
    const { runs, end, queue } = this.options;
    const open = runs.filter(({ key }) => this.#isOpen(key) && !waiting.has(key));
    for (let at = 0; at < open.length && !end.aborted; at += PUBLISH_AT_ONCE)
      await Promise.all(open.slice(at, at + PUBLISH_AT_ONCE).map((run) => this.#put(run)));
    queue.wake();
  }

  /** After an answer that is worth nothing: where its message has gone, the run is with nobody. */
  async again(run: PlannedRun, attempt: number): Promise<void> {
    const { queue, end } = this.options;
    if (attempt < (this.#bases.get(run.key) ?? 1)) return;
    const lies = (this.#lies.get(run.key) ?? 0) + 1;
    this.#lies.set(run.key, lies);
    await sleep(AFTER_ANSWER_MS, undefined, { signal: end }).catch(() => undefined);
    if (!this.#isOpen(run.key) || end.aborted) return;
    if (lies >= MAX_LIES)
      return this.bury(
        run,
        this.#attemptOf(run.key),
        `${lies} answers to it were refused; refused.jsonl names them`,
        lies,
      );
    if (await queue.holds(this.#subjectOf(run))) return;
    await this.#putAnew(run);
  }

  /** A run that is neither in the queue nor answered, twice in a row, was lost by somebody: it is asked for again. */
  async sweep(everyMs: number): Promise<void> {
    const { runs, queue, said, note, end } = this.options;
    while (!end.aborted) {
      await sleep(everyMs, undefined, { signal: end }).catch(() => undefined);
      if (end.aborted) return;
      const waiting = await queue.waiting();
      const missing = runs.filter(({ key }) => said(key)?.isJudging === false && !waiting.has(key));
      for (const run of missing.filter(({ key }) => this.#missing.has(key))) {
        note(`${run.key} had gone from the queue without an answer: it is asked for again`);
        await this.#putAnew(run);
      }
      this.#missing = new Set(missing.map(({ key }) => key));
    }
  }

  /** Leaves a dead letter in the place of a run. */
  async bury(run: PlannedRun, attempt: number, reason: string, deliveries: number): Promise<void> {
    const { queue, cells, said, onGivenUp } = this.options;
    // What was said of an earlier attempt has had its consequences.
    if (!this.#isOpen(run.key) || attempt < this.#attemptOf(run.key)) return;
    const assignment = queue.assignment(run.key);
    await queue.bury(
      {
        schema: 'proofbox.dead-letter/v1',
        assignment,
        attempt,
        reason,
        deliveries,
        workers: [...(said(run.key)?.takers ?? [])],
        at: new Date().toISOString(),
        ask: cells.ask(run, assignment, attempt),
      },
      cells.classOf(run),
    );
    await onGivenUp(run.key, reason);
  }

  /** Somebody may still be handed a run that is over: only where it was put there more than once. */
  async withdraw(key: string): Promise<void> {
    const run = this.options.runs.find((one) => one.key === key);
    if (run !== undefined && this.#attemptOf(key) > 1)
      await this.options.queue.withdraw(this.#subjectOf(run));
  }

  async #putAnew(run: PlannedRun): Promise<void> {
    this.#attempts.set(run.key, this.#attemptOf(run.key) + 1);
    await this.#put(run);
  }

  async #put(run: PlannedRun): Promise<void> {
    const { queue, cells, end } = this.options;
    const ask = cells.ask(run, queue.assignment(run.key), this.#attemptOf(run.key));
    await queue.put({ of: cells.classOf(run), ask }, end).catch((error) => {
      if (!end.aborted) throw error;
    });
  }

  #isOpen(key: string): boolean {
    return this.options.said(key) !== null;
  }

  #attemptOf(key: string): number {
    return this.#attempts.get(key) ?? 1;
  }

  #subjectOf(run: PlannedRun): string {
    const { cells, queue } = this.options;
    return cells.subjectOf(run, queue.assignment(run.key), this.#attemptOf(run.key));
  }
}
