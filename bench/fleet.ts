/**
 * What a fleet's queue bears: a real nats-server, workers that do everything but the run. Prints figures, and how far they
 * reach. Not a measure against a peer; docs/fleet.md quotes it. `npm run bench:fleet`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { newKeyPair, readSigningKey, type SigningKey } from '../src/attest/keys.ts';
import { packBundle } from '../src/fleet/bundle.ts';
import { closeNats, connectNats, type Nats } from '../src/fleet/connect.ts';
import { sealAnswer } from '../src/fleet/envelope.ts';
import { deleteObject, putObject } from '../src/fleet/objects.ts';
import { BatchQueue } from '../src/fleet/queue.ts';
import { bundlesStore, ensureClass, ensureFleet, fleetSettings } from '../src/fleet/streams.ts';
import { answersSubject, BUNDLES, consumerName, RUNS } from '../src/fleet/subjects.ts';
import { Ask, type RunClass } from '../src/schema/fleet.ts';
import { digestBytes } from '../src/witness/content.ts';
import { end, startNats } from './children.ts';

const PORT = 14333;
const OF: RunClass = {
  inputs: 'bench',
  pool: 'main',
  architecture: 'any',
  runtime: 'default',
  kind: 'plain',
};
const BATCH = '0'.repeat(32);
const TARGET = 10_000;

const folder = mkdtempSync(join(tmpdir(), 'proofbox-fleet-bench-'));
const [seconds = '2', bundleDirectory] = process.argv.slice(2);

async function main(): Promise<void> {
  const server = await startNats(PORT, folder);
  try {
    await measure();
  } finally {
    await end(server);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(): Promise<void> {
  const nats = await open();
  await ensureFleet(nats);
  await ensureClass(nats, OF, await fleetSettings(nats));
  const bundle = await sampleBundle();
  const runSeconds = Number(seconds);
  console.log(
    `nats-server ${nats.connection.info?.version}, ${cpus().length} processors, one server, file storage; a bundle has ${bundle.bytes} bytes`,
  );
  console.log(
    `a run is taken to last ${runSeconds} s, one at a time a worker: ${(3600 / runSeconds).toFixed(0)} runs an hour a worker`,
  );
  const rates: number[] = [];
  for (const workers of [8, 32, 128]) {
    const rate = await throughput(nats, workers, bundle);
    rates.push(rate);
    console.log(
      `${String(workers).padStart(6)} workers that need no time: ${rate.toFixed(0)} runs a second through queue, store and answers`,
    );
  }
  const rate = Math.max(...rates);
  for (const idle of [100, 1_000, TARGET])
    console.log(
      `${String(idle).padStart(6)} workers waiting: ${(await latency(nats, idle)).toFixed(1)} ms until one of them has a new run (median of 15)`,
    );
  const { bytes, messages } = (await nats.jsm.streams.info('PROOFBOX_ANSWERS')).state;
  const kept = (bytes / messages) * 2;
  const need = TARGET / runSeconds;
  console.log(
    `each run leaves ${kept.toFixed(0)} bytes of answers and ${await markerBytes(nats)} of its bundle's marker for 30 days, and ${bundle.bytes} bytes of bundle until its batch has counted it`,
  );
  console.log(
    `extrapolated: ${TARGET} workers make ${need.toFixed(0)} runs a second; one such server carries ${rate.toFixed(0)}, which is ${Math.floor(rate * runSeconds)} workers`,
  );
  console.log(
    `extrapolated: ${TARGET} workers write ${((need * bundle.bytes * 3600) / 1024 ** 3).toFixed(1)} GiB of bundles and ${((need * kept * 3600) / 1024 ** 3).toFixed(2)} GiB of answers an hour`,
  );
  await closeNats(nats);
}

function open(): Promise<Nats> {
  return connectNats(
    { servers: [`127.0.0.1:${PORT}`], tls: null, credential: null, isLoopback: true },
    'bench',
  );
}

/** A real bundle where one is given; else as many bytes as a small run leaves. */
async function sampleBundle(): Promise<{ file: string; bytes: number }> {
  const file = join(folder, 'bundle');
  if (bundleDirectory !== undefined) return { file, bytes: (await packBundle(bundleDirectory, file)).bytes };
  const bytes = Buffer.alloc(32 << 10, 'x');
  writeFileSync(file, bytes);
  return { file, bytes: bytes.length };
}

let round = 0;
const ask = (n: number): Ask => ({
  schema: 'proofbox.ask/v1',
  assignment: { batch: BATCH, key: `bench.r${round}.${n}` },
  attempt: 1,
  fixture: digestBytes(Buffer.from('fixture')),
  engine: 'fake',
  command: [],
  npm: [],
  provider: 'none',
  cassette: null,
  record: 'writes',
  contract: null,
  limits: {},
});

/** Runs a second, from their publishing to their acknowledgement. */
async function throughput(
  nats: Nats,
  workers: number,
  bundle: { file: string; bytes: number },
): Promise<number> {
  round += 1;
  const runs = 400;
  const queue = new BatchQueue(nats, BATCH);
  const signal = new AbortController().signal;
  for (let at = 0; at < runs; at += 64)
    await Promise.all(
      Array.from({ length: Math.min(64, runs - at) }, (_, n) =>
        queue.put({ of: OF, ask: ask(at + n) }, signal),
      ),
    );
  const key = await signingKey();
  const store = await bundlesStore(nats);
  const consumer = await nats.js.consumers.get(RUNS, consumerName(OF));
  const began = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (done < runs) {
        const message = await consumer.next({ expires: 1000 });
        if (message === null) continue;
        const { assignment } = Ask.parse(message.json());
        const said = {
          schema: 'proofbox.answer/v1' as const,
          assignment,
          attempt: 1,
          delivery: 1,
          worker: 'bench',
          at: new Date().toISOString(),
        };
        await nats.js.publish(
          answersSubject(assignment, 'taken'),
          sealAnswer({ ...said, kind: 'taken' }, key),
        );
        // Every bundle has a name of its own, as real ones have.
        const digest = digestBytes(Buffer.from(assignment.key));
        await putObject(store, digest, bundle.file);
        await nats.js.publish(
          answersSubject(assignment, 'done'),
          sealAnswer({ ...said, kind: 'done', bundle: digest, bytes: bundle.bytes }, key),
        );
        await message.ackAck();
        done += 1;
      }
    }),
  );
  return runs / ((performance.now() - began) / 1000);
}

/** Milliseconds from publishing to delivery while so many workers wait. */
async function latency(nats: Nats, idle: number): Promise<number> {
  round += 1;
  const consumer = await nats.js.consumers.get(RUNS, consumerName(OF));
  const times: number[] = [];
  let sent = 0;
  let arrived = (): void => undefined;
  const pulls = await Promise.all(
    Array.from({ length: idle }, () => consumer.fetch({ max_messages: 1, expires: 60_000 })),
  );
  for (const pull of pulls)
    void (async () => {
      for await (const message of pull) {
        times.push(performance.now() - sent);
        message.ack();
        arrived();
      }
    })();
  const queue = new BatchQueue(nats, BATCH);
  for (let n = 0; n < 15; n += 1) {
    const next = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    sent = performance.now();
    await queue.put({ of: OF, ask: ask(n) }, new AbortController().signal);
    await next;
  }
  await Promise.all(pulls.map((pull) => pull.close()));
  return times.sort((a, b) => a - b)[7] ?? Number.NaN;
}

/** What stays of a bundle that was taken out. */
async function markerBytes(nats: Nats): Promise<number> {
  const stored = async () => (await nats.jsm.streams.info(`OBJ_${BUNDLES}`)).state.bytes;
  const before = await stored();
  const store = await bundlesStore(nats);
  const digest = digestBytes(Buffer.from('a bundle that nobody needs'));
  await putObject(store, digest, join(folder, 'bundle'));
  await deleteObject(store, digest);
  return (await stored()) - before;
}

async function signingKey(): Promise<SigningKey> {
  const file = join(folder, 'key');
  writeFileSync(file, newKeyPair('ed25519').privatePem, { mode: 0o600 });
  return readSigningKey(file);
}

await main();
