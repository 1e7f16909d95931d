/** A fleet as a user drives it: a real nats-server, workers as processes, and everything that may go wrong with a worker. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { BatchReport } from '../../src/schema/batch.ts';
import { requireBothHold } from '../integration/both-verifiers.ts';
import { ledgerIn, proofbox } from '../integration/product.ts';
import { validator } from '../schema/validator.ts';
import { type NatsServer, Site } from './site.ts';

const FAKE = { id: 'fake', engine: 'fake' };
const SLOW = { id: 'slow', engine: 'command', command: ['sleep', '3'] };

// Real runs, several in a test, on a machine that others may use too.
vi.setConfig({ testTimeout: 900_000 });

const site = new Site();
let server: NatsServer;
beforeAll(async () => {
  server = await site.server();
  await site.init(server.url, ['--ack-wait', '3s', '--max-deliver', '3']);
});
// What a test that failed left running would make the runs of the next one.
afterEach(async () => {
  await site.endAll();
  const nats = await site.nats(server.url);
  await nats.jsm.streams.purge('PROOFBOX_RUNS');
  await nats.connection.close();
});
afterAll(() => site.remove());

function signers(out: string, report: BatchReport): string[] {
  return report.all.map(({ key }) => {
    const run = JSON.parse(readFileSync(join(out, 'runs', key, 'artifacts/run.json'), 'utf8')) as {
      signer: { keyid: string };
      assignment: { key: string };
    };
    expect(run.assignment.key).toBe(key);
    return run.signer.keyid;
  });
}

async function containersOf(prefix: string): Promise<number> {
  const all = await new Docker().listContainers({ all: true, filters: { label: ['io.proofbox.run'] } });
  return all.filter(({ Names }) => Names.some((name) => name.includes(prefix))).length;
}

describe('a batch that a fleet makes', () => {
  test('has every run once, each bundle verified by both verifiers and signed by an admitted worker, and joins again', async () => {
    const workers = [await site.worker(server.url, 'one'), await site.worker(server.url, 'two')];
    const manifest = site.manifest({
      fixtures: ['py-interval', 'fail-failed-tests'],
      engines: [FAKE],
      repeats: 3,
    });
    const pubs = workers.map(({ pub }) => pub);
    const batch = site.batch(server.url, manifest, pubs);
    expect(await batch.over, batch.stderr()).toBe(1);
    const report = batch.report();
    expect(report).toMatchObject({ asked: 6, runs: 6, passed: 3, failed: 3, as_expected: 6, not_run: 0 });
    expect(batch.log()).toHaveLength(6);
    for (const { key, fixture } of report.all) await requireBothHold(join(batch.out, 'runs', key), fixture);
    expect(new Set(signers(batch.out, report)).size).toBe(2);
    expect(report.all.map(({ worker }) => worker)).toEqual(signers(batch.out, report));
    expect(await ledgerIn(join(batch.out, 'runs'))).toMatchObject({ exitCode: 0, runs: 6 });

    const status = await site.status(server.url);
    const validate = validator('fleet-status');
    expect(validate(status), JSON.stringify(validate.errors)).toBe(true);
    expect(status.workers.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(status.queues).toMatchObject([{ waiting: 0, in_flight: 0, workers: 2 }]);
    // A marker for each object that was taken out, as docs/fleet.md counts it, and nothing of its content.
    expect(status.stored.bundles_bytes).toBeLessThan(6 * 1024);

    // Another terminal, the same folder: nothing is asked for again.
    const again = site.batch(server.url, manifest, pubs, ['--out', batch.out]);
    expect(await again.over).toBe(1);
    expect(again.log()).toHaveLength(6);
    // And one that went: asked for again, whatever the stream still says of it.
    rmSync(join(batch.out, 'runs/py-interval.fake.2'), { recursive: true });
    const mended = site.batch(server.url, manifest, pubs, ['--out', batch.out]);
    expect(await mended.over, mended.stderr()).toBe(1);
    expect(mended.report()).toMatchObject({ runs: 6, passed: 3 });

    for (const { child } of workers) child.kill('SIGTERM');
    expect(await Promise.all(workers.map(({ over }) => over))).toEqual([0, 0]);
    expect((await site.status(server.url)).workers).toEqual([]);
    expect(workers.flatMap((worker) => site.underWay(worker))).toEqual([]);
  });

  test('goes on without its terminal, and another terminal joins it', async () => {
    const worker = await site.worker(server.url, 'three');
    const manifest = site.manifest({ fixtures: ['py-interval'], engines: [FAKE], repeats: 4 });
    const first = site.batch(server.url, manifest, [worker.pub]);
    await first.says('1/4');
    first.child.kill('SIGKILL');
    await first.over;
    const { batch } = JSON.parse(first.read('fleet.json')) as { batch: string };
    const second = site.batch(server.url, manifest, [worker.pub], ['--out', first.out]);
    expect(await second.over, second.stderr()).toBe(0);
    expect(second.report()).toMatchObject({ runs: 4, passed: 4 });
    expect(second.log()).toHaveLength(4);
    expect(JSON.parse(second.read('fleet.json'))).toMatchObject({ batch });
    worker.child.kill('SIGTERM');
    expect(await worker.over).toBe(0);
  });

  test('stops at its first failure where it was told so, and takes the rest out of the queue', async () => {
    const worker = await site.worker(server.url, 'four');
    const manifest = site.manifest({ fixtures: ['fail-failed-tests'], engines: [FAKE], repeats: 5 });
    const batch = site.batch(server.url, manifest, [worker.pub], ['--fail-fast']);
    expect(await batch.over, batch.stderr()).toBe(1);
    expect(batch.report().runs).toBeLessThan(5);
    worker.child.kill('SIGTERM');
    await worker.over;
    const { queues, stored } = await site.status(server.url);
    expect(queues).toEqual([]);
    expect(stored.queue_bytes).toBe(0);
  });
});

describe('a worker', () => {
  test('that is killed in the middle of a run loses it to another; the run counts once, and gc cleans up', async () => {
    const [slow, other] = [await site.worker(server.url, 'killed'), await site.key('heir')];
    const manifest = site.manifest({ fixtures: ['py-interval'], engines: [SLOW] });
    const batch = site.batch(server.url, manifest, [slow.pub, `${other}.pub`]);
    for (let n = 0; n < 600 && site.underWay(slow).length === 0; n += 1) await sleep(50);
    await sleep(500);
    slow.child.kill('SIGKILL');
    await slow.over;
    const heir = await site.worker(server.url, 'heir');
    expect(await batch.over, batch.stderr()).toBe(1);
    expect(batch.report()).toMatchObject({ runs: 1, failed: 1, not_run: 0 });
    expect(batch.log()).toHaveLength(1);
    await requireBothHold(join(batch.out, 'runs/py-interval.slow.1'), 'py-interval');
    expect(readdirSync(join(slow.folder, 'runs')).length).toBeGreaterThan(0);
    const gc = await proofbox(['gc', '--json'], { cwd: slow.folder });
    expect(gc.exitCode, gc.stderr).toBe(0);
    const left = readdirSync(join(slow.folder, 'runs')).filter((name) => name.includes('.parcels-'));
    expect(left).toEqual([]);
    expect(await containersOf('killed')).toBe(0);
    heir.child.kill('SIGTERM');
    await heir.over;
  });

  test('that is told to stop finishes what it has, takes nothing more, and ends with 0', async () => {
    const worker = await site.worker(server.url, 'drained');
    const manifest = site.manifest({ fixtures: ['py-interval'], engines: [SLOW], repeats: 2 });
    const batch = site.batch(server.url, manifest, [worker.pub]);
    for (let n = 0; n < 600 && site.underWay(worker).length === 0; n += 1) await sleep(50);
    worker.child.kill('SIGTERM');
    expect(await worker.over).toBe(0);
    await batch.says('1/2');
    expect(batch.log()).toHaveLength(1);
    const next = await site.worker(server.url, 'next', [], { key: 'drained' });
    expect(await batch.over, batch.stderr()).toBe(1);
    expect(batch.log()).toHaveLength(2);
    next.child.kill('SIGTERM');
    await next.over;
  });

  test('that is told twice ends at once, gives its run back and leaves no container', async () => {
    const worker = await site.worker(server.url, 'hasty');
    const long = { id: 'long', engine: 'command', command: ['sleep', '600'] };
    const manifest = site.manifest({ fixtures: ['py-interval'], engines: [long] });
    const batch = site.batch(server.url, manifest, [worker.pub]);
    for (let n = 0; n < 600 && site.underWay(worker).length === 0; n += 1) await sleep(50);
    await sleep(1000);
    worker.child.kill('SIGTERM');
    await worker.says('come to their end first');
    worker.child.kill('SIGTERM');
    expect(await worker.over).toBe(130);
    await batch.says('was given back by hasty: the worker was stopped');
    expect(site.underWay(worker)).toEqual([]);
    batch.child.kill('SIGINT');
    expect(await batch.over).toBe(130);
    const nats = await site.nats(server.url);
    await nats.jsm.streams.purge('PROOFBOX_RUNS');
    await nats.connection.close();
  });

  test('whose Stage 1 is not fresh is never offered a run of case, and the status says that nobody takes it', async () => {
    const worker = await site.worker(server.url, 'plain');
    const manifest = site.manifest({
      fixtures: ['py-interval'],
      engines: [{ id: 'case', engine: 'case', provider: 'scripted' }],
    });
    const batch = site.batch(server.url, manifest, [worker.pub]);
    await batch.says('1 runs for the fleet');
    await sleep(3000);
    const { queues, workers } = await site.status(server.url);
    expect(queues.find(({ class: of }) => of.kind === 'case')).toMatchObject({
      waiting: 1,
      in_flight: 0,
      workers: 0,
    });
    // A worker that was killed stands in the status until its last word is too old, and one was in a test before.
    expect(workers.filter(({ name }) => name === 'plain')).toMatchObject([
      { has_case: false, done: 0, given_back: 0 },
    ]);
    batch.child.kill('SIGINT');
    expect(await batch.over).toBe(130);
    worker.child.kill('SIGTERM');
    await worker.over;
    const nats = await site.nats(server.url);
    await nats.jsm.streams.purge('PROOFBOX_RUNS');
    await nats.connection.close();
  });
});

test('a run that no worker survives becomes a dead letter that says why, and the batch ends', async () => {
  const keys = await site.key('poisoned');
  const manifest = site.manifest({ fixtures: ['py-interval'], engines: [SLOW] });
  const batch = site.batch(server.url, manifest, [`${keys}.pub`]);
  for (let n = 1; n <= 3; n += 1) {
    const worker = await site.worker(server.url, `poisoned-${n}`, [], { key: 'poisoned' });
    for (let at = 0; at < 1200 && site.underWay(worker).length === 0; at += 1) await sleep(50);
    worker.child.kill('SIGKILL');
    await worker.over;
  }
  // The server gives a message up when somebody asks for the next one: a worker that was started again does.
  const healthy = await site.worker(server.url, 'healthy', [], { key: 'poisoned' });
  expect(await batch.over, batch.stderr()).toBe(4);
  expect(batch.report()).toMatchObject({ runs: 1, failed: 1 });
  expect(batch.report().all[0]?.error).toMatch(
    /gave it up: handed out 3 times without an answer \(no worker that had it/,
  );
  const { dead_letters: dead, queues } = await site.status(server.url);
  expect(dead[0]).toMatchObject({
    assignment: { key: 'py-interval.slow.1' },
    workers: ['poisoned-1', 'poisoned-2', 'poisoned-3'],
    deliveries: 3,
  });
  expect(queues).toMatchObject([{ waiting: 0, in_flight: 0 }]);
  // Nothing is lost by that: the same command tries again.
  const again = site.batch(server.url, manifest, [`${keys}.pub`], ['--out', batch.out]);
  expect(await again.over, again.stderr()).toBe(1);
  expect(again.report()).toMatchObject({ runs: 1, failed: 1 });
  expect(again.report().all[0]?.run_id).not.toBeNull();
  healthy.child.kill('SIGTERM');
  await healthy.over;
  expect(existsSync(join(batch.out, 'refused.jsonl'))).toBe(false);
});
