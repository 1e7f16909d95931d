/** What may happen to NATS while a batch goes on: a server of the cluster lost, a network cut, a store that is full. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test, vi } from 'vitest';
import type { Nats } from '../../src/fleet/connect.ts';
import { deleteObject, putObject } from '../../src/fleet/objects.ts';
import { patiently } from '../../src/fleet/patience.ts';
import { acknowledge } from '../../src/fleet/pull.ts';
import { BatchQueue } from '../../src/fleet/queue.ts';
import { readStream } from '../../src/fleet/reader.ts';
import { bundlesStore, ensureClass, ensureFleet, fleetSettings } from '../../src/fleet/streams.ts';
import { ANSWERS, ANSWERS_SUBJECTS, consumerName, RUNS, RUNS_SUBJECTS } from '../../src/fleet/subjects.ts';
import type { Ask } from '../../src/schema/fleet.ts';
import { requireBothHold } from '../integration/both-verifiers.ts';
import { askFor, OF, Site } from './site.ts';

// Real runs, several in a test, on a machine that others may use too.
vi.setConfig({ testTimeout: 900_000 });

const FAKE = { id: 'fake', engine: 'fake' };
const SLOW = { id: 'slow', engine: 'command', command: ['sleep', '2'] };

const site = new Site();
afterAll(() => site.remove());

test('a cluster of three loses a server in the middle of a batch, and every run counts once', async () => {
  const { servers, urls } = await site.cluster(['--ack-wait', '5s', '--max-deliver', '10']);
  expect((await site.status(urls)).server).toMatchObject({ cluster: 'test', replicas: 3 });
  const workers = [await site.worker(urls, 'first'), await site.worker(urls, 'second')];
  const manifest = site.manifest({ fixtures: ['py-interval'], engines: [FAKE], repeats: 8 });
  const batch = site.batch(
    urls,
    manifest,
    workers.map(({ pub }) => pub),
  );
  await batch.says('2/8');
  const nats = await site.nats(servers[0]?.url ?? '');
  // Everything, or the loss of one server would be the loss of what it alone had.
  for await (const { config } of nats.jsm.streams.list())
    expect([config.name, config.num_replicas]).toEqual([config.name, 3]);
  const { cluster } = await nats.jsm.streams.info('PROOFBOX_RUNS');
  await nats.connection.close();
  // The one that leads the queue: the worst to lose.
  await servers[Number(cluster?.leader?.slice(1))]?.kill();
  expect(await batch.over, batch.stderr()).toBe(0);
  expect(batch.report()).toMatchObject({ asked: 8, runs: 8, passed: 8 });
  expect(batch.log()).toHaveLength(8);
  for (const { key } of batch.report().all)
    await requireBothHold(join(batch.out, 'runs', key), 'py-interval');
  for (const { child, over } of workers) {
    child.kill('SIGTERM');
    expect(await over).toBe(0);
  }
  for (const server of servers) await server.kill();
});

/** A reader of the answers on a connection of its own. Its consumer is on one server, of the servers' choice. */
async function startReader(nats: Nats) {
  const end = new AbortController();
  const heard: string[] = [];
  const before = new Set(await consumersOf(nats));
  const over = readStream(nats, {
    stream: ANSWERS,
    filter: ANSWERS_SUBJECTS,
    signal: end.signal,
    onMessage: (message) => void heard.push(message.string()),
  });
  let own: string | undefined;
  for (let n = 0; n < 200 && own === undefined; n += 1) {
    await sleep(50);
    own = (await consumersOf(nats)).find((name) => !before.has(name));
  }
  const { cluster } = await nats.jsm.consumers.info(ANSWERS, own ?? '');
  const close = async () => {
    end.abort();
    await over;
    await nats.connection.close();
  };
  return { heard, on: cluster?.leader, at: nats.connection.info?.server_name, close };
}

async function consumersOf({ jsm }: Nats): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of jsm.consumers.list(ANSWERS)) names.push(name);
  return names;
}

test('whoever reads from a server that is lost reads on from another, connected to that one or not', async () => {
  const { servers, urls } = await site.cluster();
  const readers: Awaited<ReturnType<typeof startReader>>[] = [];
  const isThere = (isSame: boolean) => readers.some(({ on, at }) => on === 'n0' && (at === 'n0') === isSame);
  // The client chooses a server to connect to, and the servers choose one for each consumer.
  for (let tries = 0; tries < 60 && !(isThere(true) && isThere(false)); tries += 1)
    readers.push(await startReader(await site.nats(urls)));
  expect([isThere(true), isThere(false)]).toEqual([true, true]);
  const writer = await site.nats(urls);
  const say = (text: string) =>
    patiently(() => writer.js.publish(ANSWERS_SUBJECTS.replace('>', 'a'), text, { msgID: text }));
  const heard = (...texts: string[]) =>
    vi.waitFor(
      () => expect(readers.map((reader) => reader.heard)).toEqual(readers.map(() => texts)),
      120_000,
    );
  await say('before');
  await heard('before');
  await servers[0]?.kill();
  await say('after');
  await heard('before', 'after');
  await Promise.all(readers.map((reader) => reader.close()));
  await writer.connection.close();
  for (const server of servers) await server.kill();
});

test('a run is put into the queue and taken out of it while a server is lost, whichever that is', async () => {
  const { servers, urls } = await site.cluster();
  const nats = await site.nats(urls);
  await ensureClass(nats, OF, await fleetSettings(nats));
  const queue = new BatchQueue(nats, 'a'.repeat(32));
  const never = new AbortController().signal;
  const put = (...keys: string[]) =>
    Promise.all(keys.map((key) => queue.put({ of: OF, ask: askFor('a'.repeat(32), key) }, never)));
  for (const [n, server] of servers.entries()) {
    await put(`f.e.${n}1`, `f.e.${n}2`, `f.e.${n}3`);
    await server.kill();
    await Promise.all([queue.withdrawAll(), put(`f.e.${n}4`)]);
    expect([...(await queue.waiting()).keys()]).not.toContain(`f.e.${n}1`);
    await queue.withdrawAll();
    await server.start();
    expect((await queue.waiting()).size).toBe(0);
    // What follows is handed out: taking out is not skipping.
    await put(`f.e.${n}5`);
    const message = await patiently(async () =>
      (await nats.js.consumers.get(RUNS, consumerName(OF))).next({ expires: 5_000 }),
    );
    expect(message?.json<Ask>().assignment.key).toBe(`f.e.${n}5`);
    if (message !== null) await acknowledge(nats, message, never);
  }
  await nats.connection.close();
  for (const server of servers) await server.kill();
});

/** A network that can be cut: connections stay open and carry nothing, as they do when a cable is pulled. */
class Cable {
  #isCut = false;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  async to(port: number): Promise<string> {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (part) => this.#isCut || into.write(part));
        from.on('error', () => into.destroy());
        from.on('close', () => into.destroy());
      }
      if (this.#isCut) near.pause();
    }).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `nats://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  cut(): void {
    this.#isCut = true;
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
  }
}

test('a worker that is cut off comes back; what it had is made by another, and counts once', async () => {
  const server = await site.server();
  await site.init(server.url, ['--ack-wait', '3s', '--max-deliver', '10']);
  const cable = new Cable();
  const far = await site.worker(await cable.to(server.port), 'far');
  const near = await site.key('near');
  const manifest = site.manifest({ fixtures: ['py-interval'], engines: [SLOW], repeats: 3 });
  const batch = site.batch(server.url, manifest, [far.pub, `${near}.pub`]);
  for (let n = 0; n < 1200 && site.underWay(far).length === 0; n += 1) await sleep(50);
  cable.cut();
  const other = await site.worker(server.url, 'near');
  expect(await batch.over, batch.stderr()).toBe(1);
  cable.mend();
  expect(batch.report()).toMatchObject({ asked: 3, runs: 3, not_run: 0 });
  expect(batch.log()).toHaveLength(3);
  for (const { key } of batch.report().all)
    await requireBothHold(join(batch.out, 'runs', key), 'py-interval');
  // The one that was away works again as if nothing had been.
  other.child.kill('SIGTERM');
  await other.over;
  const next = site.batch(server.url, site.manifest({ fixtures: ['py-interval'], engines: [FAKE] }), [
    far.pub,
  ]);
  expect(await next.over, next.stderr()).toBe(0);
  expect(next.report()).toMatchObject({ passed: 1 });
  far.child.kill('SIGTERM');
  expect(await far.over).toBe(0);
  cable.close();
});

test('an acknowledgement that was lost on its way is sent again', async () => {
  const server = await site.server();
  const cable = new Cable();
  const nats = await site.nats(await cable.to(server.port));
  await ensureFleet(nats);
  const { jsm, js } = nats;
  await jsm.consumers.add(RUNS, { durable_name: 'one', ack_policy: 'explicit', ack_wait: 60e9 });
  await js.publish(RUNS_SUBJECTS.replace('>', 'a'), '');
  const message = await (await js.consumers.get(RUNS, 'one')).next();
  if (message === null) throw new Error('nothing was handed out');
  cable.cut();
  let isConfirmed = false;
  const confirmed = acknowledge(nats, message, new AbortController().signal).then(() => {
    isConfirmed = true;
  });
  // Longer than the first try waits for its answer.
  await sleep(6_000);
  expect(isConfirmed).toBe(false);
  cable.mend();
  await confirmed;
  expect((await jsm.streams.info(RUNS)).state.messages).toBe(0);
  await nats.connection.close();
  cable.close();
});

test('a full object store makes workers wait with their bundles, and loses none', async () => {
  const server = await site.server();
  await site.init(server.url, ['--ack-wait', '3s', '--max-deliver', '2', '--bundle-store', '1m']);
  const nats = await site.nats(server.url);
  const store = await bundlesStore(nats);
  const filler = join(site.dir, 'filler');
  writeFileSync(filler, Buffer.alloc((1 << 20) - 16_000, 1));
  const digest = `sha256:${'0'.repeat(64)}`;
  await putObject(store, digest, filler);
  const worker = await site.worker(server.url, 'patient');
  const manifest = site.manifest({ fixtures: ['py-interval'], engines: [FAKE], repeats: 2 });
  const batch = site.batch(server.url, manifest, [worker.pub]);
  await worker.says('waits for room in the object store');
  // Longer than a silent run may be, more often than one is handed out: it is not silent.
  await sleep(8_000);
  expect(batch.log()).toHaveLength(0);
  await deleteObject(store, digest);
  expect(await batch.over, batch.stderr()).toBe(0);
  expect(batch.report()).toMatchObject({ runs: 2, passed: 2 });
  expect((await site.status(server.url)).dead_letters_total).toBe(0);
  worker.child.kill('SIGTERM');
  expect(await worker.over).toBe(0);
  await nats.connection.close();
});

test('a queue that an operator emptied is filled again', async () => {
  const server = await site.server();
  await site.init(server.url, ['--ack-wait', '2s']);
  const key = await site.key('late');
  const manifest = site.manifest({ fixtures: ['py-interval'], engines: [FAKE], repeats: 2 });
  const batch = site.batch(server.url, manifest, [`${key}.pub`]);
  const nats = await site.nats(server.url);
  for (let n = 0; n < 600 && (await nats.jsm.streams.info('PROOFBOX_RUNS')).state.messages < 2; n += 1)
    await sleep(50);
  await nats.jsm.streams.purge('PROOFBOX_RUNS');
  await batch.says('had gone from the queue without an answer');
  const worker = await site.worker(server.url, 'late');
  expect(await batch.over, batch.stderr()).toBe(0);
  expect(batch.report()).toMatchObject({ runs: 2, passed: 2 });
  worker.child.kill('SIGTERM');
  await worker.over;
  await nats.connection.close();
});
