/** The streams, buckets and consumers of a fleet: as data, and how they come to be. Never changes what somebody set. */
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { ObjectStore } from '@nats-io/obj';
import { ProofboxError } from '../errors.ts';
import type { RunClass } from '../schema/fleet.ts';
import * as z from '../schema/zod.ts';
import type { Nats } from './connect.ts';
import { isPassing, patiently } from './patience.ts';
import {
  ADVISORIES,
  ADVISORIES_SUBJECTS,
  ANSWERS,
  ANSWERS_SUBJECTS,
  BUNDLES,
  classFilter,
  consumerName,
  DEAD,
  DEAD_SUBJECTS,
  INPUTS,
  RUNS,
  RUNS_SUBJECTS,
  WORKERS,
} from './subjects.ts';

const Kept = z.strictObject({
  ack_wait_ms: z.int().min(500),
  max_deliver: z.int().min(1),
});

/** What an operator may choose. */
export interface FleetSettings {
  /** copies of everything, 1 to 5 */
  replicas: number;
  /** a worker that has been silent about a run for this long has lost it */
  ackWaitMs: number;
  /** a run that was handed out this often and never answered is given up */
  maxDeliver: number;
  /** what bundles may occupy until batches have taken them; null for no limit */
  bundleBytes: number | null;
}

export const DEFAULT_SETTINGS = { ackWaitMs: 30_000, maxDeliver: 5, bundleBytes: null } as const;
/** Of a cluster's servers one may be lost then. */
const CLUSTER_REPLICAS = 3;

const SECOND = 1e9;
const DAY = 86_400 * SECOND;
/** Within it a publisher that did not hear the server's answer may say it again. */
const DUPLICATE_WINDOW = 120 * SECOND;
const WORKER_TTL_MS = 30_000;
/** The server's own defaults, 512 pulls and 1000 runs at once, would be the first thing to break. */
const MAX_WAITING = 20_000;
const MAX_ACK_PENDING = 200_000;

/**
 * Makes what is missing.
 * @returns true where the queue was made now
 * @throws ProofboxError `host` where the server refuses
 */
export async function ensureFleet(
  { jsm, js, connection }: Nats,
  given: Partial<FleetSettings> = {},
): Promise<boolean> {
  const isThere = await patiently(() => jsm.streams.info(RUNS), { isPassing: (e) => isPassing(e) }).then(
    () => true,
    (error: Error) => {
      if (isMissing(error)) return false;
      throw unusable(error);
    },
  );
  if (isThere) return false;
  const replicas = given.replicas ?? (connection.info?.cluster === undefined ? 1 : CLUSTER_REPLICAS);
  const settings = { ...DEFAULT_SETTINGS, ...given, replicas };
  const { StorageType } = await import('@nats-io/jetstream');
  const [{ Objm }, { Kvm }] = await Promise.all([import('@nats-io/obj'), import('@nats-io/kv')]);
  try {
    for (const config of streamsOf(settings)) await patiently(() => addStream(jsm, config));
    // Made anew for each call: the client takes replicas and ttl out of what it is given.
    const store = () => ({ replicas, storage: StorageType.File, ttl: 30 * DAY });
    const limit = settings.bundleBytes === null ? {} : { max_bytes: settings.bundleBytes };
    await patiently(() => new Objm(js).create(INPUTS, store()));
    await patiently(() => new Objm(js).create(BUNDLES, { ...store(), ...limit }));
    await patiently(() =>
      new Kvm(js).create(WORKERS, { history: 1, ttl: WORKER_TTL_MS, replicas, storage: StorageType.Memory }),
    );
    // Last: whoever finds it finds everything.
    await patiently(() => addStream(jsm, queueOf(settings)));
  } catch (error) {
    throw unusable(error as Error);
  }
  return true;
}

function queueOf({
  replicas,
  ackWaitMs,
  maxDeliver,
}: FleetSettings): Partial<StreamConfig> & { name: string } {
  const kept: z.infer<typeof Kept> = { ack_wait_ms: ackWaitMs, max_deliver: maxDeliver };
  return {
    name: RUNS,
    // Servers before 2.10 keep no metadata.
    description: JSON.stringify(kept),
    subjects: [RUNS_SUBJECTS],
    retention: 'workqueue',
    storage: 'file',
    num_replicas: replicas,
    discard: 'new',
    // A run that waits or is under way cannot be put there a second time.
    max_msgs_per_subject: 1,
    discard_new_per_subject: true,
    duplicate_window: DUPLICATE_WINDOW,
  };
}

function streamsOf({ replicas }: FleetSettings): (Partial<StreamConfig> & { name: string })[] {
  const kept = { retention: 'limits', storage: 'file', num_replicas: replicas } as const;
  return [
    {
      ...kept,
      name: ANSWERS,
      subjects: [ANSWERS_SUBJECTS],
      max_age: 30 * DAY,
      duplicate_window: DUPLICATE_WINDOW,
    },
    { ...kept, name: DEAD, subjects: [DEAD_SUBJECTS], max_age: 90 * DAY },
    { ...kept, name: ADVISORIES, subjects: [ADVISORIES_SUBJECTS], max_age: 30 * DAY },
  ];
}

async function addStream(jsm: Nats['jsm'], config: Partial<StreamConfig> & { name: string }): Promise<void> {
  await jsm.streams.add(config).catch(async (error: Error) => {
    // Somebody made it a moment ago, or made it otherwise: theirs stays.
    await jsm.streams.info(config.name).catch(() => {
      throw error;
    });
  });
}

/** What the operator chose, as the queue keeps it. */
export async function fleetSettings({ jsm }: Nats): Promise<FleetSettings> {
  const [queue, bundles] = await Promise.all([
    patiently(() => jsm.streams.info(RUNS)),
    patiently(() => jsm.streams.info(`OBJ_${BUNDLES}`)),
  ]).catch((error: Error) => {
    throw isMissing(error)
      ? new ProofboxError('host', 'this NATS has no queue of proofbox yet', {
          fix: 'type proofbox fleet init --nats URL, or start a batch',
          cause: error,
        })
      : error;
  });
  const kept = Kept.parse(JSON.parse(queue.config.description ?? ''));
  const limit = bundles.config.max_bytes;
  return {
    replicas: queue.config.num_replicas,
    ackWaitMs: kept.ack_wait_ms,
    maxDeliver: kept.max_deliver,
    bundleBytes: limit > 0 ? limit : null,
  };
}

/** Makes the consumer of a class where there is none. */
export async function ensureClass({ jsm }: Nats, of: RunClass, settings: FleetSettings): Promise<void> {
  const config: Partial<ConsumerConfig> = {
    durable_name: consumerName(of),
    filter_subject: classFilter(of),
    ack_policy: 'explicit',
    ack_wait: settings.ackWaitMs * 1e6,
    max_deliver: settings.maxDeliver,
    max_waiting: MAX_WAITING,
    max_ack_pending: MAX_ACK_PENDING,
    inactive_threshold: 30 * DAY,
  };
  await patiently(async () => {
    await jsm.consumers.add(RUNS, config).catch(async (error: Error) => {
      await jsm.consumers.info(RUNS, consumerName(of)).catch(() => {
        throw error;
      });
    });
  });
}

/** True where the server says that there is no such stream, bucket, consumer or message. */
export function isMissing(error: unknown): boolean {
  return [10014, 10037, 10059].includes(Number((error as { code?: unknown }).code));
}

export async function inputsStore({ js }: Nats): Promise<ObjectStore> {
  return new (await import('@nats-io/obj')).Objm(js).open(INPUTS, false);
}

export async function bundlesStore({ js }: Nats): Promise<ObjectStore> {
  return new (await import('@nats-io/obj')).Objm(js).open(BUNDLES, false);
}

export async function workersBucket({ js }: Nats): Promise<KV> {
  return new (await import('@nats-io/kv')).Kvm(js).open(WORKERS, { allow_direct: true } as object);
}

function unusable(cause: Error): ProofboxError {
  return new ProofboxError('host', `NATS does not take the queue of proofbox (${cause.message})`, {
    fix: 'let an account with the rights of docs/fleet/nats-server.conf do it: proofbox fleet init --nats URL',
    cause,
  });
}
