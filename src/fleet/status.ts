/** How a fleet is, from what NATS knows and what its workers said of themselves. Reads only. */
import type { ConsumerInfo } from '@nats-io/jetstream';
import { DeadLetter, type FleetStatus, type RunClass, WorkerState } from '../schema/fleet.ts';
import type { Nats } from './connect.ts';
import { patiently } from './patience.ts';
import { fleetSettings, workersBucket } from './streams.ts';
import { ANSWERS, BUNDLES, DEAD, INPUTS, parseConsumerName, RUNS } from './subjects.ts';

const SHOWN_DEAD = 100;

/** @throws ProofboxError `host` where no queue has been set up */
export async function fleetStatus(nats: Nats): Promise<FleetStatus> {
  const settings = await fleetSettings(nats);
  const [workers, consumers, dead, queue, answers, inputs, bundles] = await Promise.all([
    readWorkers(nats),
    readConsumers(nats),
    readDead(nats),
    ...[RUNS, ANSWERS, `OBJ_${INPUTS}`, `OBJ_${BUNDLES}`].map((name) => bytesOf(nats, name)),
  ]);
  const { info } = nats.connection;
  return {
    schema: 'proofbox.fleet-status/v1',
    at: new Date().toISOString(),
    server: {
      version: info?.version ?? 'unknown',
      cluster: info?.cluster ?? null,
      replicas: settings.replicas,
    },
    workers,
    queues: consumers
      .map(({ of, info: { num_pending, num_ack_pending, num_redelivered } }) => ({
        class: of,
        waiting: num_pending,
        in_flight: num_ack_pending,
        redelivered: num_redelivered,
        workers: workers.filter((worker) => serves(worker, of)).length,
      }))
      // Classes of earlier versions stay for a while and say nothing.
      .filter(({ waiting, in_flight: flying, workers: some }) => waiting + flying + some > 0),
    dead_letters: dead.letters,
    dead_letters_total: dead.total,
    stored: {
      queue_bytes: queue ?? 0,
      answers_bytes: answers ?? 0,
      inputs_bytes: inputs ?? 0,
      bundles_bytes: bundles ?? 0,
      bundles_limit: settings.bundleBytes,
    },
  };
}

function serves(worker: WorkerState, of: RunClass): boolean {
  return (
    !worker.draining &&
    worker.inputs === of.inputs &&
    worker.pool === of.pool &&
    worker.runtime === of.runtime &&
    (of.architecture === 'any' || of.architecture === worker.architecture) &&
    (of.kind === 'plain' || worker.has_case)
  );
}

async function readWorkers(nats: Nats): Promise<WorkerState[]> {
  const bucket = await workersBucket(nats);
  const states: WorkerState[] = [];
  for await (const key of await bucket.keys()) {
    const entry = await bucket.get(key);
    // Whoever may write there may write anything.
    const state = entry === null || entry.operation !== 'PUT' ? null : parseJson(entry.string());
    const parsed = WorkerState.safeParse(state);
    if (parsed.success) states.push(parsed.data);
  }
  return states.sort((a, b) => a.name.localeCompare(b.name));
}

async function readConsumers({ jsm }: Nats): Promise<{ of: RunClass; info: ConsumerInfo }[]> {
  const found: { of: RunClass; info: ConsumerInfo }[] = [];
  for await (const info of jsm.consumers.list(RUNS)) {
    const of = parseConsumerName(info.name);
    if (of !== null) found.push({ of, info });
  }
  return found;
}

async function readDead({ jsm }: Nats): Promise<{ letters: DeadLetter[]; total: number }> {
  const { state } = await patiently(() => jsm.streams.info(DEAD));
  const letters: DeadLetter[] = [];
  for (let seq = state.last_seq; seq >= state.first_seq && seq > 0 && letters.length < SHOWN_DEAD; seq -= 1) {
    const message = await jsm.streams.getMessage(DEAD, { seq }).catch(() => null);
    const parsed = DeadLetter.safeParse(message === null ? null : parseJson(message.string()));
    if (parsed.success) letters.push(parsed.data);
  }
  return { letters, total: state.messages };
}

async function bytesOf({ jsm }: Nats, stream: string): Promise<number> {
  return (await patiently(() => jsm.streams.info(stream))).state.bytes;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
