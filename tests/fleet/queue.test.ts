/** The queue of one batch must never touch what another one has there. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Nats } from '../../src/fleet/connect.ts';
import { BatchQueue } from '../../src/fleet/queue.ts';
import { ensureClass, ensureFleet, fleetSettings } from '../../src/fleet/streams.ts';
import { consumerName, RUNS, runSubject } from '../../src/fleet/subjects.ts';
import type { Ask } from '../../src/schema/fleet.ts';
import { askFor, OF, Site } from './site.ts';

const [OURS, THEIRS] = ['a'.repeat(32), 'b'.repeat(32)] as [string, string];
const signal = new AbortController().signal;

const site = new Site();
let nats: Nats;
beforeAll(async () => {
  nats = await site.nats((await site.server()).url);
  expect(await ensureFleet(nats)).toBe(true);
  expect(await ensureFleet(nats)).toBe(false);
  await ensureClass(nats, OF, await fleetSettings(nats));
});
afterAll(async () => {
  await nats.connection.close();
  await site.remove();
});

async function offered(): Promise<string[]> {
  const consumer = await nats.js.consumers.get(RUNS, consumerName(OF));
  const keys: string[] = [];
  for (;;) {
    const message = await consumer.next({ expires: 1000 });
    if (message === null) return keys.sort();
    const { assignment } = message.json<Ask>();
    keys.push(`${assignment.batch[0]} ${assignment.key}`);
    await message.ackAck();
  }
}

test('a run that stands there is not put there twice, and again once it has gone', async () => {
  const queue = new BatchQueue(nats, OURS);
  for (let n = 0; n < 3; n += 1) await queue.put({ of: OF, ask: askFor(OURS, 'f.e.1') }, signal);
  expect([...(await queue.waiting())]).toEqual([['f.e.1', 1]]);
  expect(await offered()).toEqual(['a f.e.1']);
  expect(await queue.holds(runSubject(OF, { batch: OURS, key: 'f.e.1' }, 1))).toBe(false);
  // Within the minutes in which the server knows its id.
  await queue.put({ of: OF, ask: askFor(OURS, 'f.e.1') }, signal);
  expect(await offered()).toEqual(['a f.e.1']);
});

test('taking one run out, or a whole batch, leaves every other one to be handed out', async () => {
  const [ours, theirs] = [new BatchQueue(nats, OURS), new BatchQueue(nats, THEIRS)];
  for (const key of ['f.e.2', 'f.e.3', 'f.e.4']) {
    await ours.put({ of: OF, ask: askFor(OURS, key) }, signal);
    await theirs.put({ of: OF, ask: askFor(THEIRS, key) }, signal);
  }
  await ours.withdraw(runSubject(OF, { batch: OURS, key: 'f.e.3' }, 1));
  expect([...(await ours.waiting()).keys()].sort()).toEqual(['f.e.2', 'f.e.4']);
  await theirs.withdrawAll();
  expect((await theirs.waiting()).size).toBe(0);
  expect(await offered()).toEqual(['a f.e.2', 'a f.e.4']);
  await ours.withdraw(runSubject(OF, { batch: OURS, key: 'f.e.3' }, 1));
});
