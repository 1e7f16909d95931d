/** `proofbox fleet`: sets the queue up, and says how it and its workers are. */
import { ProofboxError } from '../errors.ts';
import type { AddressOptions } from '../fleet/address.ts';
import type { FleetSettings } from '../fleet/streams.ts';
import { visible } from '../report/untrusted.ts';
import type { FleetStatus } from '../schema/fleet.ts';
import { withNats } from './nats.ts';
import { printJson, say } from './output.ts';

export interface FleetInitOptions extends Partial<AddressOptions> {
  replicas?: number;
  ackWait?: number;
  maxDeliver?: number;
  bundleStore?: number;
  json?: boolean;
}

/** Makes what is missing; says what there is. */
export async function fleetInit(options: FleetInitOptions): Promise<void> {
  const { ensureFleet, fleetSettings } = await import('../fleet/streams.ts');
  await withNats(addressOf(options), 'proofbox fleet init', async (nats) => {
    const { replicas, ackWait, maxDeliver, bundleStore } = options;
    const asked: Partial<FleetSettings> = {
      ...(replicas === undefined ? {} : { replicas }),
      ...(ackWait === undefined ? {} : { ackWaitMs: ackWait }),
      ...(maxDeliver === undefined ? {} : { maxDeliver }),
      ...(bundleStore === undefined ? {} : { bundleBytes: bundleStore }),
    };
    const isMade = await ensureFleet(nats, asked);
    const settings = await fleetSettings(nats);
    if (options.json === true) return printJson({ made: isMade, ...settings });
    say(isMade ? 'the queue is set up' : 'the queue was there before, and stays as it was');
    const { bundleBytes, ackWaitMs } = settings;
    say(
      `  ${settings.replicas} copies, a silent run is lost after ${ackWaitMs / 1000} s, given up after ${settings.maxDeliver} deliveries, bundles ${bundleBytes === null ? 'without a limit' : `up to ${bytes(bundleBytes)}`}`,
    );
  });
}

export async function fleetStatusCommand(
  options: Partial<AddressOptions> & { json?: boolean },
): Promise<void> {
  const { fleetStatus } = await import('../fleet/status.ts');
  await withNats(addressOf(options), 'proofbox fleet status', async (nats) => {
    const status = await fleetStatus(nats);
    if (options.json === true) printJson(status);
    else tell(status);
  });
}

function addressOf(options: Partial<AddressOptions>): AddressOptions {
  if (options.nats !== undefined) return { ...options, nats: options.nats };
  throw new ProofboxError('usage', 'the fleet needs --nats URL', { fix: 'name its NATS servers' });
}

function tell(status: FleetStatus): void {
  const { server, workers, queues, stored } = status;
  say(
    `nats-server ${server.version}, ${server.cluster === null ? 'alone' : `cluster ${server.cluster}`}, ${server.replicas} copies`,
  );
  say(`${workers.length} workers`);
  for (const one of workers)
    say(
      `  ${visible(one.name)}  ${one.architecture} ${one.runtime} pool ${visible(one.pool)}${one.has_case ? ' case' : ''}  ${one.running.length} of ${one.concurrency} running, ${one.done} done, ${one.given_back} given back${one.draining ? ', draining' : ''}  key ${visible(one.keyid).slice(0, 16)}`,
    );
  say(`${queues.length} classes of runs`);
  for (const { class: of, waiting, in_flight: flying, redelivered, workers: some } of queues)
    say(
      `  ${of.architecture} ${of.runtime} ${of.kind} pool ${of.pool} inputs ${of.inputs}: ${waiting} waiting, ${flying} in flight (${redelivered} again), ${some} workers${some === 0 ? ': nobody takes them' : ''}`,
    );
  say(`${status.dead_letters_total} dead letters`);
  for (const { assignment, reason, at } of status.dead_letters.slice(0, 20))
    say(`  ${at}  ${assignment.key} of ${assignment.batch.slice(0, 8)}: ${visible(reason)}`);
  say(
    `stored: queue ${bytes(stored.queue_bytes)}, answers ${bytes(stored.answers_bytes)}, inputs ${bytes(stored.inputs_bytes)}, bundles ${bytes(stored.bundles_bytes)}${stored.bundles_limit === null ? '' : ` of ${bytes(stored.bundles_limit)}`}`,
  );
}

function bytes(count: number): string {
  const power = Math.min(3, Math.floor(Math.log2(Math.max(count, 1)) / 10));
  return `${(count / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${['bytes', 'KiB', 'MiB', 'GiB'][power]}`;
}
