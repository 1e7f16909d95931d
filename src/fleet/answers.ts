/** Takes what workers say about a batch, counts each run at most once, and has runs made again that nobody answered for. */
import { appendFile, mkdir, mkdtemp, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsMsg } from '@nats-io/jetstream';
import type { ObjectStore } from '@nats-io/obj';
import PQueue from 'p-queue';
import { bundleOf, ofError, ofReport } from '../batch/outcome.ts';
import type { PlannedRun } from '../batch/plan.ts';
import { ProofboxError } from '../errors.ts';
import { enterRun } from '../ledger/append.ts';
import { visible } from '../report/untrusted.ts';
import type { BatchRun } from '../schema/batch.ts';
import type { Digest } from '../schema/common.ts';
import type { Answer, RefusedAnswer } from '../schema/fleet.ts';
import type { Report } from '../schema/report.ts';
import type { Signer } from '../schema/run.ts';
import { removeTree } from '../workspace/remove.ts';
import { type Admitted, openAnswer } from './envelope.ts';
import { judgeBundle, type Question } from './judge.ts';
import { getObject, NOT_THERE, Stalled } from './objects.ts';
import { isPassing, patiently } from './patience.ts';

type Done = Answer & { kind: 'done' };

export interface AnswersOptions {
  batch: string;
  out: string;
  admitted: Admitted;
  store: ObjectStore;
  /** how many bundles are verified at once */
  concurrency: number;
  maxBundleBytes: number;
  /** told of every bundle that is not needed any more */
  discard(bundle: Digest): Promise<void>;
  signal: AbortSignal;
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

/** A bundle whose content does not come is asked for this often. */
const STALLS = 3;
const MISSES = 4;

export class Answers {
  readonly open = new Map<string, Open>();
  /** keys that lied: whoever did so once is not believed again in this batch */
  readonly #distrusted = new Set<string>();
  readonly #queue: PQueue;
  #broken: Error | null = null;

  constructor(
    private readonly options: AnswersOptions,
    runs: readonly PlannedRun[],
  ) {
    for (const run of runs) this.open.set(run.key, { run, takers: [], trouble: null, judging: null });
    this.#queue = new PQueue({ concurrency: options.concurrency });
  }

  /** True while a bundle of this run is being fetched or verified. */
  isJudging(key: string): boolean {
    return this.open.get(key)?.judging !== null && this.open.has(key);
  }

  /** Never waits for a verification: those go on beside it. */
  take(message: JsMsg): void {
    const opened = openAnswer(message.data, this.options.admitted);
    if ('problem' in opened) {
      const { claimed } = opened;
      const open = claimed === null ? undefined : this.open.get(claimed.assignment.key);
      // Whoever is admitted nowhere cannot make us write down more than this.
      if (claimed?.kind === 'done' && open !== undefined)
        this.#refuse(open.run, claimed, opened.keyid, `it ${opened.problem}`);
      return;
    }
    const { answer, signer } = opened;
    if (answer.assignment.batch !== this.options.batch) return;
    const open = this.open.get(answer.assignment.key);
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
    const open = this.open.get(key);
    if (open === undefined) return;
    this.open.delete(key);
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
        if (!this.open.has(open.run.key) || this.options.signal.aborted || this.#broken !== null) return;
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
    const { out, over } = this.options;
    if (this.#distrusted.has(signer.keyid))
      return this.#refuse(run, answer, signer.keyid, 'its worker has lied in this batch before');
    await mkdir(join(out, 'incoming'), { recursive: true });
    const scratch = await mkdtemp(join(out, 'incoming', `${run.key}-`));
    try {
      const found = await this.#fetched(run, answer, signer, scratch);
      if ('problem' in found) {
        if (found.isLie) this.#distrusted.add(signer.keyid);
        return this.#refuse(run, answer, signer.keyid, found.problem);
      }
      const directory = join(out, 'runs', run.key);
      await rename(join(scratch, 'run'), directory);
      await enterRun(join(out, 'runs/ledger.jsonl'), directory);
      const { fixture } = this.options.question(run).cell.work.fixture;
      const outcome = ofReport(run, found.report, {
        bundle: await bundleOf(directory),
        expect: fixture.expect,
        worker: signer.keyid,
      });
      this.open.delete(run.key);
      await over(outcome);
      await this.#discard(answer);
    } finally {
      await removeTree(scratch);
    }
  }

  async #fetched(
    run: PlannedRun,
    answer: Done,
    signer: Signer,
    scratch: string,
  ): Promise<{ report: Report } | { problem: string; isLie: boolean }> {
    const { store, maxBundleBytes, signal } = this.options;
    const parcel = join(scratch, 'parcel');
    let stalls = 0;
    let misses = 0;
    const get = async () => {
      const missing = await getObject(store, answer.bundle, parcel, maxBundleBytes);
      // A copy of the store that lags behind does not know yet what another one took.
      if (missing === NOT_THERE && ++misses < MISSES) throw new Error(missing);
      return missing;
    };
    const problem = await patiently(get, {
      signal,
      isPassing: (error) => (error instanceof Stalled ? ++stalls < STALLS : isPassing(error)),
    }).catch((error) => {
      if (error instanceof Stalled) return 'has no content that comes';
      throw error;
    });
    // It may have been removed by a batch that counted it and was killed: nobody lied then.
    if (problem !== null) return { problem: `its bundle ${problem}`, isLie: problem !== NOT_THERE };
    const judged = await judgeBundle(parcel, join(scratch, 'run'), { ...this.options.question(run), signer });
    return 'problem' in judged ? { ...judged, isLie: true } : judged;
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
