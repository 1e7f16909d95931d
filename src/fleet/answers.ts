/** Takes what workers say about a batch, counts each run at most once, and has runs made again that nobody answered for. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsMsg } from '@nats-io/jetstream';
import PQueue from 'p-queue';
import { ofError } from '../batch/outcome.ts';
import type { PlannedRun } from '../batch/plan.ts';
import { ProofboxError } from '../errors.ts';
import { visible } from '../report/untrusted.ts';
import type { BatchRun } from '../schema/batch.ts';
import type { Digest } from '../schema/common.ts';
import type { Answer, RefusedAnswer } from '../schema/fleet.ts';
import type { Signer } from '../schema/run.ts';
import { type Admitted, openAnswer } from './envelope.ts';
import { type IntakeOptions, takeIn } from './intake.ts';
import type { Question } from './judge.ts';

type Done = Answer & { kind: 'done' };

export interface AnswersOptions extends IntakeOptions {
  batch: string;
  admitted: Admitted;
  /** how many bundles are verified at once */
  concurrency: number;
  /** told of every bundle that is not needed any more */
  discard(bundle: Digest): Promise<void>;
  question(run: PlannedRun): Omit<Question, 'signer'>;
  started(run: PlannedRun, worker: string): void;
  over(run: BatchRun): Promise<void>;
  note(text: string): void;
  /** an answer was refused: the run may be open and with nobody */
  onRefused(run: PlannedRun, attempt: number): void;
  /** a worker says that nobody can make it */
  onImpossible(run: PlannedRun, attempt: number, reason: string): void;
}

/** What is known of a run that is not over. */
interface Open {
  run: PlannedRun;
  takers: string[];
  /** the last reason why somebody gave it back */
  trouble: string | null;
  judging: Promise<void> | null;
}

export class Answers {
  readonly #open = new Map<string, Open>();
  /** keys that lied: whoever did so once is not believed again in this batch */
  readonly #distrusted = new Set<string>();
  readonly #queue: PQueue;
  #broken: Error | null = null;

  constructor(
    private readonly options: AnswersOptions,
    runs: readonly PlannedRun[],
  ) {
    for (const run of runs) this.#open.set(run.key, { run, takers: [], trouble: null, judging: null });
    this.#queue = new PQueue({ concurrency: options.concurrency });
  }

  /** What has been said of a run; null where it is over, or none of the batch's. */
  said(key: string): { takers: readonly string[]; trouble: string | null; isJudging: boolean } | null {
    const open = this.#open.get(key);
    if (open === undefined) return null;
    const { takers, trouble, judging } = open;
    return { takers, trouble, isJudging: judging !== null };
  }

  get isDone(): boolean {
    return this.#open.size === 0;
  }

  /** Never waits for a verification: those go on beside it. */
  take(message: JsMsg): void {
    const opened = openAnswer(message.data, this.options.admitted);
    if ('problem' in opened) {
      const { claimed } = opened;
      const open = claimed === null ? undefined : this.#open.get(claimed.assignment.key);
      // Whoever is admitted nowhere cannot make us write down more than this.
      if (claimed?.kind === 'done' && open !== undefined)
        this.#refuse(open.run, claimed, opened.keyid, `it ${opened.problem}`);
      return;
    }
    const { answer, signer } = opened;
    if (answer.assignment.batch !== this.options.batch) return;
    const open = this.#open.get(answer.assignment.key);
    if (open !== undefined) this.#heard(open, answer, signer);
    // Made twice, as by a worker that was cut off for a while.
    else if (answer.kind === 'done') void this.#queue.add(() => this.#discard(answer));
  }

  /** What cannot be removed now goes with its age. */
  async #discard({ bundle }: Done): Promise<void> {
    await this.options.discard(bundle).catch(() => undefined);
  }

  #heard(open: Open, answer: Answer, signer: Signer): void {
    const { run } = open;
    switch (answer.kind) {
      case 'taken':
        open.takers.push(answer.worker);
        // Counted once, however often it is handed out.
        if (open.takers.length === 1) this.options.started(run, answer.worker);
        break;
      case 'trouble':
        open.trouble = `${answer.worker}: ${answer.reason}`;
        this.options.note(`${run.key} was given back by ${visible(open.trouble)}`);
        break;
      case 'refused':
        this.options.onImpossible(run, answer.attempt, `${answer.worker} refused it: ${answer.reason}`);
        break;
      case 'done':
        this.#judge(open, answer, signer);
    }
  }

  /** Resolves when everything that was taken has been judged. @throws what made it impossible to go on */
  async settled(): Promise<void> {
    await this.#queue.onIdle();
    if (this.#broken !== null) throw this.#broken;
  }

  /** A run that will never be answered. */
  async giveUp(key: string, reason: string): Promise<void> {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    const error = new ProofboxError('host', `the fleet gave it up: ${reason}`, {
      fix: 'mend the cause and ask again',
    });
    await this.options.over(ofError(open.run, error, 0));
  }

  /** One after the other for one run, so many at once for different ones. */
  #judge(open: Open, answer: Done, signer: Signer): void {
    const before = open.judging ?? Promise.resolve();
    const mine: Promise<void> = this.#queue
      .add(async () => {
        await before;
        if (!this.#open.has(open.run.key) || this.options.signal.aborted || this.#broken !== null) return;
        await this.#count(open, answer, signer);
      })
      .catch((error: Error) => {
        this.#broken ??= error;
      })
      .then(() => {
        if (open.judging === mine) open.judging = null;
      });
    open.judging = mine;
  }

  async #count({ run }: Open, answer: Done, signer: Signer): Promise<void> {
    if (this.#distrusted.has(signer.keyid))
      return this.#refuse(run, answer, signer.keyid, 'its worker has lied in this batch before');
    const question = { ...this.options.question(run), signer };
    const taken = await takeIn(this.options, run, answer.bundle, question);
    if ('problem' in taken) {
      if (taken.isLie) this.#distrusted.add(signer.keyid);
      return this.#refuse(run, answer, signer.keyid, taken.problem);
    }
    this.#open.delete(run.key);
    await this.options.over(taken.outcome);
    await this.#discard(answer);
  }

  #refuse(run: PlannedRun, answer: Done, keyid: string, what: string): void {
    const refused: RefusedAnswer = {
      key: run.key,
      worker: answer.worker,
      keyid,
      what,
      bundle: answer.bundle,
      at: new Date().toISOString(),
    };
    const { note, onRefused, out } = this.options;
    note(
      `${run.key}: the answer of worker ${visible(answer.worker)} (key ${visible(keyid).slice(0, 16)}) is refused: ${visible(what)}`,
    );
    void appendFile(join(out, 'refused.jsonl'), `${JSON.stringify(refused)}\n`).catch((error: Error) => {
      this.#broken ??= error;
    });
    onRefused(run, answer.attempt);
  }
}
