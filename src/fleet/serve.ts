/** One message of the queue, from taking it to its answer: everything a worker says of it is signed. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '@nats-io/obj';
import type { SigningKey } from '../attest/keys.ts';
import { EXIT } from '../errors.ts';
import { scrapName, thisOwner } from '../lane/owner.ts';
import type { RunRequest, RunResult } from '../lane/request.ts';
import type { Digest } from '../schema/common.ts';
import { Answer, Ask } from '../schema/fleet.ts';
import { exitCodeOf } from '../verdict/exit-code.ts';
import { removeTree } from '../workspace/remove.ts';
import { packBundle, unpackFixture } from './bundle.ts';
import { type Nats, reasonOf } from './connect.ts';
import { sealAnswer } from './envelope.ts';
import { getObject, putObject } from './objects.ts';
import { patiently } from './patience.ts';
import { acknowledge, type Pulled } from './pull.ts';
import { answersSubject } from './subjects.ts';

/** What travels beside a message, as files of this host. */
export interface Fetched {
  fixture: string;
  contract: string | null;
  cassette: string | null;
}

/** This worker cannot make the run, and another may. */
export class NotMine extends Error {}

/** Nobody can: the run asks for something that cannot be. */
export class Impossible extends Error {}

export interface ServeOptions {
  nats: Nats;
  key: SigningKey;
  name: string;
  /** where runs lie while they are made; `proofbox gc` looks there */
  runsDir: string;
  inputs: ObjectStore;
  bundles: ObjectStore;
  /**
   * Checks and makes the request of one run.
   * @throws Impossible where nobody can make it; any other error where this worker cannot
   */
  request(ask: Ask, files: Fetched, out: string, signal: AbortSignal): Promise<RunRequest>;
  run(request: RunRequest): Promise<RunResult>;
  /** ends what is under way */
  interrupt: AbortSignal;
  note(text: string): void;
}

export type Served = 'done' | 'given_back' | 'refused';

const NOT_JSON = Symbol('no message of a batch');
/** Fixtures and cassettes above this are a mistake, not an input. */
const MAX_INPUT_BYTES = 4 * 1024 ** 3;
/** A message that this worker gives back stays away for a moment: another one shall find it. */
const BACK_AFTER_MS = 2_000;

export async function serve(
  options: ServeOptions,
  { message, ackWaitMs, isLast }: Pulled,
  key: (key: string) => void,
): Promise<Served> {
  const ask = parse(message.data);
  if (ask === NOT_JSON) {
    // Nobody can be told: it names no batch.
    options.note('a message that is no run was removed from the queue');
    message.term();
    return 'refused';
  }
  key(ask.assignment.key);
  const said = {
    schema: 'proofbox.answer/v1' as const,
    assignment: ask.assignment,
    attempt: ask.attempt,
    delivery: message.info.deliveryCount,
    worker: options.name,
  };
  const say = (answer: Answer) => tell(options, answer);
  const at = () => new Date().toISOString();
  // The server waits for this, and not for the end of the run: a slow worker is no lost worker.
  const beat = setInterval(() => message.working(), ackWaitMs / 3);
  try {
    await say({ ...said, kind: 'taken', at: at() });
    const made = await make(options, ask, isLast);
    await say({ ...said, kind: 'done', ...made, at: at() });
    // It is answered: handed out once more, it would be made in vain, and counted once all the same.
    await acknowledge(options.nats, message, options.interrupt).catch((error: Error) =>
      options.note(`nobody confirms that ${ask.assignment.key} has left the queue (${reasonOf(error)})`),
    );
    return 'done';
  } catch (error) {
    const reason = (error as Error).message.slice(0, 2000);
    if (error instanceof Impossible) {
      await say({ ...said, kind: 'refused', reason, at: at() });
      message.term();
      options.note(`refused ${ask.assignment.key}: ${reason}`);
      return 'refused';
    }
    const why = options.interrupt.aborted ? 'the worker was stopped' : reason;
    await say({ ...said, kind: 'trouble', reason: why, at: at() }).catch(() => undefined);
    message.nak(options.interrupt.aborted ? 0 : BACK_AFTER_MS);
    options.note(`gave back ${ask.assignment.key}: ${why}`);
    return 'given_back';
  } finally {
    clearInterval(beat);
  }
}

function parse(data: Uint8Array): Ask | typeof NOT_JSON {
  try {
    return Ask.safeParse(JSON.parse(Buffer.from(data).toString('utf8'))).data ?? NOT_JSON;
  } catch {
    return NOT_JSON;
  }
}

/** Says it until the server has it: a run is not lost because the network was away. */
async function tell({ nats, key, interrupt }: ServeOptions, answer: Answer): Promise<void> {
  const text = sealAnswer(Answer.parse(answer), key);
  const { assignment, kind, attempt, delivery } = answer;
  const msgID = `${key.signer.keyid}.${assignment.batch}.${assignment.key}.${attempt}.${delivery}.${kind}`;
  await patiently(() => nats.js.publish(answersSubject(assignment, kind), text, { msgID }), {
    signal: interrupt,
  });
}

/** Makes the run and hands its bundle in. */
async function make(
  options: ServeOptions,
  ask: Ask,
  isLast: boolean,
): Promise<{ bundle: Digest; bytes: number }> {
  const { batch, key } = ask.assignment;
  // Folders of the runs folder, each with its owner's name on it: where this process is killed, `proofbox gc` knows them.
  const parcels = await mkdtemp(join(options.runsDir, `${batch.slice(0, 8)}.${key}.parcels-`));
  const scratch = join(parcels, scrapName(thisOwner()));
  const directory = parcels.replace('.parcels-', '.');
  try {
    await mkdir(scratch);
    const files = await fetchInputs(options, ask, scratch);
    const request = await options.request(ask, files, directory, options.interrupt);
    const { report } = await options.run({ ...request, assignment: ask.assignment });
    if (report.status === 'interrupted') throw new NotMine('the worker was stopped');
    if (report.status === 'blocked') throw new NotMine('a gate of this worker is closed');
    // A host whose container engine is away would else fail a whole batch within minutes. Where it is the same on each
    // host, the last one hands in the evidence of that.
    if (exitCodeOf(report) === EXIT.host && !isLast)
      throw new NotMine(`this host could make no cage: ${report.host_problem}`);
    const parcel = join(scratch, 'bundle');
    const packed = await packBundle(directory, parcel).catch((error: Error) => {
      throw new NotMine(`the bundle cannot be packed: ${error.message}`);
    });
    await patiently(() => putObject(options.bundles, packed.digest, parcel), {
      signal: options.interrupt,
      onWait: (error) =>
        options.note(`the bundle of ${key} waits for room in the object store (${error.message})`),
    });
    return { bundle: packed.digest, bytes: packed.bytes };
  } finally {
    // What a run that broke has recorded stays for whoever looks into it.
    if (!existsSync(join(directory, 'unsealed'))) await removeTree(directory);
    await removeTree(parcels);
  }
}

async function fetchInputs({ inputs, interrupt }: ServeOptions, ask: Ask, scratch: string): Promise<Fetched> {
  const fetched = async (digest: Digest, name: string) => {
    const file = join(scratch, name);
    const problem = await patiently(() => getObject(inputs, digest, file, MAX_INPUT_BYTES), {
      signal: interrupt,
    });
    if (problem !== null) throw new NotMine(`the ${name} of the run ${problem}`);
    return file;
  };
  const parcel = await fetched(ask.fixture, 'fixture');
  const fixture = join(scratch, 'fixture.d');
  await unpackFixture(parcel, fixture).catch((error: Error) => {
    throw new Impossible(`the fixture's parcel ${error.message}`);
  });
  return {
    fixture,
    contract: ask.contract === null ? null : await fetched(ask.contract, 'contract'),
    cassette: ask.cassette === null ? null : await fetched(ask.cassette, 'cassette'),
  };
}
