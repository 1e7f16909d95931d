/** The queue as one batch sees it: puts runs there, looks which still wait, gives up those that nobody can answer. */
import { randomBytes } from 'node:crypto';
import type { PubAck } from '@nats-io/jetstream';
import { Ask, DeadLetter, type RunClass } from '../schema/fleet.ts';
import type { Assignment } from '../schema/run.ts';
import { digestBytes } from '../witness/content.ts';
import type { Nats } from './connect.ts';
import { isPassing, patiently } from './patience.ts';
import { readAll } from './reader.ts';
import { isMissing } from './streams.ts';
import {
  batchRunsSubject,
  DEAD,
  deadOfBatch,
  deadSubject,
  parseRunSubject,
  RUNS,
  runSubject,
  WAKE_SUBJECT,
} from './subjects.ts';

export interface Given {
  of: RunClass;
  ask: Ask;
}

/** Calls that wait for the server's word. */
const AT_ONCE = 64;

export class BatchQueue {
  constructor(
    private readonly nats: Nats,
    private readonly batch: string,
  ) {}

  /** Puts a run into the queue, unless it stands there. The server itself refuses a second one. */
  async put({ of, ask }: Given, signal: AbortSignal): Promise<void> {
    const { js } = this.nats;
    const subject = runSubject(of, ask.assignment, ask.attempt);
    const body = JSON.stringify(ask);
    const id = digestBytes(Buffer.from(subject));
    const publish = (msgID: string) =>
      patiently(() => js.publish(subject, body, { msgID }), {
        signal,
        isPassing: (error) => !isQueued(error) && isPassing(error),
      }).catch((error): PubAck | null => {
        if (isQueued(error)) return null;
        throw error;
      });
    const first = await publish(id);
    // Known within the last minutes, and taken out since without an answer: by an operator, or by a batch that was stopped.
    if (first?.duplicate === true && !(await this.holds(subject)))
      await publish(`${id}.${randomBytes(8).toString('hex')}`);
  }

  async holds(subject: string): Promise<boolean> {
    return patiently(() => this.nats.jsm.streams.getMessage(RUNS, { last_by_subj: subject })).then(
      (found) => found !== null,
      (error) => {
        if (isMissing(error)) return false;
        throw error;
      },
    );
  }

  /** The highest attempt of every run of the batch that waits or is under way. */
  async waiting(): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const subject of await this.#subjects()) {
      const parsed = parseRunSubject(subject);
      if (parsed !== null) found.set(parsed.key, Math.max(parsed.attempt, found.get(parsed.key) ?? 0));
    }
    return found;
  }

  /**
   * Takes a run out of the queue again. Whoever is at it will not be asked for it a second time.
   * Never a purge by subject: in nats-server 2.9 that makes consumers skip everything that waits, also of other batches.
   */
  async withdraw(subject: string): Promise<void> {
    const { streams } = this.nats.jsm;
    await patiently(async () => {
      const message = await streams.getMessage(RUNS, { last_by_subj: subject });
      if (message !== null) await streams.deleteMessage(RUNS, message.seq, false);
    }).catch((error) => {
      if (!isMissing(error)) throw error;
    });
  }

  /** Everything of this batch that waits or is under way. */
  async withdrawAll(): Promise<void> {
    const subjects = await this.#subjects();
    for (let at = 0; at < subjects.length; at += AT_ONCE)
      await Promise.all(subjects.slice(at, at + AT_ONCE).map((subject) => this.withdraw(subject)));
  }

  async #subjects(): Promise<string[]> {
    const { state } = await patiently(() =>
      this.nats.jsm.streams.info(RUNS, { subjects_filter: batchRunsSubject(this.batch) }),
    );
    return Object.keys(state.subjects ?? {});
  }

  /** The message that an advisory speaks of; null where it has gone or is another batch's. */
  async bySequence(seq: number): Promise<Ask | null> {
    const message = await patiently(() => this.nats.jsm.streams.getMessage(RUNS, { seq })).catch((error) => {
      if (isMissing(error)) return null;
      throw error;
    });
    if (message === null || parseRunSubject(message.subject)?.batch !== this.batch) return null;
    return Ask.parse(message.json());
  }

  /** Tells idle workers that there may be a class they do not know. */
  wake(): void {
    this.nats.connection.publish(WAKE_SUBJECT);
  }

  /** What had been given up before, by key: the last attempt. */
  async dead(): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    await readAll(this.nats, DEAD, deadOfBatch(this.batch), (message) => {
      const letter = DeadLetter.safeParse(JSON.parse(message.string())).data;
      if (letter !== undefined) found.set(letter.assignment.key, letter.attempt);
    });
    return found;
  }

  /** Writes why a run was given up, and only then takes it out of the queue. */
  async bury(letter: DeadLetter, of: RunClass): Promise<void> {
    const { assignment, attempt } = letter;
    const msgID = `${assignment.batch}.${assignment.key}.${attempt}`;
    await patiently(() => this.nats.js.publish(deadSubject(assignment), JSON.stringify(letter), { msgID }));
    await this.withdraw(runSubject(of, assignment, attempt));
  }

  assignment(key: string): Assignment {
    return { batch: this.batch, key };
  }
}

/** "maximum messages per subject exceeded": it stands there already. */
function isQueued(error: unknown): boolean {
  return /maximum messages per subject/.test((error as Error).message);
}
