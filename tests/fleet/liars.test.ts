/** Workers that lie: each answer is refused and its worker named, the run is made again, and every run counts once. */
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readSigningKey, type SigningKey } from '../../src/attest/keys.ts';
import { packBundle } from '../../src/fleet/bundle.ts';
import type { Nats } from '../../src/fleet/connect.ts';
import { sealAnswer } from '../../src/fleet/envelope.ts';
import { putObject } from '../../src/fleet/objects.ts';
import { bundlesStore } from '../../src/fleet/streams.ts';
import { answersSubject, objectName, parseConsumerName, RUNS } from '../../src/fleet/subjects.ts';
import type { Digest } from '../../src/schema/common.ts';
import { Ask, type RefusedAnswer } from '../../src/schema/fleet.ts';
import type { Assignment } from '../../src/schema/run.ts';
import { digestBytes } from '../../src/witness/content.ts';
import { requireBothHold } from '../integration/both-verifiers.ts';
import { lane } from '../integration/lane-runner.ts';
import { type NatsServer, Site } from './site.ts';

// Real runs, several in a test, on a machine that others may use too.
vi.setConfig({ testTimeout: 900_000 });

const site = new Site();
let server: NatsServer;
let nats: Nats;
beforeAll(async () => {
  server = await site.server();
  await site.init(server.url, ['--ack-wait', '3s']);
  nats = await site.nats(server.url);
});
afterAll(async () => {
  await nats.connection.close();
  await site.remove();
});

/** Takes the next run from the queue as a worker does. */
async function take() {
  for (;;) {
    for await (const { name } of nats.jsm.consumers.list(RUNS)) {
      if (parseConsumerName(name)?.kind !== 'plain') continue;
      const message = await (await nats.js.consumers.get(RUNS, name)).next({ expires: 1000 });
      if (message !== null) return { message, ask: Ask.parse(message.json()) };
    }
  }
}

async function store(directory: string): Promise<{ bundle: Digest; bytes: number }> {
  const file = join(await mkdtemp(join(site.dir, 'parcel-')), 'parcel');
  const { digest, bytes } = await packBundle(directory, file);
  await putObject(await bundlesStore(nats), digest, file);
  return { bundle: digest, bytes };
}

async function answer(ask: Ask, key: SigningKey, made: { bundle: Digest; bytes: number }): Promise<void> {
  const { assignment, attempt } = ask;
  const text = sealAnswer(
    {
      schema: 'proofbox.answer/v1',
      kind: 'done',
      assignment,
      attempt,
      delivery: 1,
      worker: 'a liar',
      at: new Date().toISOString(),
      ...made,
    },
    key,
  );
  await nats.js.publish(answersSubject(assignment, 'done'), text);
}

const NAMES = [
  'altered',
  'replayed',
  'anothers',
  'unasked',
  'easier',
  'borrowed',
  'swapped',
  'other-key',
] as const;

test('every lie is refused, named and made good; who lied is not believed again', async () => {
  const keys = Object.fromEntries(
    await Promise.all(
      [...NAMES, 'stranger', 'honest'].map(async (name) => [
        name,
        await readSigningKey(await site.key(name)),
      ]),
    ),
  ) as Record<(typeof NAMES)[number] | 'stranger' | 'honest', SigningKey>;
  const pub = (name: string) => join(site.dir, `${name}.key.pub`);
  const admitted = [...NAMES, 'honest'].map(pub);

  // An older batch: an admitted worker's own bundle, sound in itself.
  const honestBefore = await site.worker(server.url, 'before', [], { key: 'replayed' });
  const older = site.batch(
    server.url,
    site.manifest({ fixtures: ['py-interval'], engines: [{ id: 'fake', engine: 'fake' }] }),
    admitted,
  );
  expect(await older.over, older.stderr()).toBe(0);
  honestBefore.child.kill('SIGTERM');
  await honestBefore.over;
  const olderRun = join(older.out, 'runs/py-interval.fake.1');

  const manifest = site.manifest({
    fixtures: ['py-interval'],
    engines: [{ id: 'fake', engine: 'fake' }],
    repeats: 8,
  });
  const batch = site.batch(server.url, manifest, admitted);
  await batch.says('8 runs for the fleet');
  const made = (name: keyof typeof keys, assignment: Assignment | null, more = {}) =>
    lane(site.dir, 'py-interval', { assignment, signingKey: keys[name], ...more });
  const refusals: [string, RegExp][] = [];
  const lie = async (
    name: keyof typeof keys,
    says: RegExp,
    make: (ask: Ask) => Promise<{ bundle: Digest; bytes: number }>,
  ) => {
    const { message, ask } = await take();
    await answer(ask, keys[name], await make(ask));
    await message.ackAck();
    refusals.push([keys[name].signer.keyid, says]);
    await batch.says(says);
  };

  await lie('altered', /its bundle does not verify \(digests/, async ({ assignment }) => {
    const { directory } = await made('altered', assignment);
    const copy = join(site.dir, 'altered-copy');
    cpSync(directory, copy, { recursive: true, verbatimSymlinks: true });
    const file = join(copy, 'artifacts/test.log');
    writeFileSync(file, `${readFileSync(file, 'utf8')}and one line more\n`);
    return store(copy);
  });
  await lie('replayed', /it answers run py-interval\.fake\.1 of batch/, () => store(olderRun));
  await lie('anothers', /it answers run py-interval\.fake\.77 of batch/, async ({ assignment }) => {
    return store((await made('anothers', { ...assignment, key: 'py-interval.fake.77' })).directory);
  });
  await lie('unasked', /it is a run that nobody asked for/, async () =>
    store((await made('unasked', null)).directory),
  );
  await lie(
    'easier',
    /its contract is not the one that was asked for \(allowed_files\)/,
    async ({ assignment }) => {
      const contractFile = { allowed_files: ['**'] };
      return store((await made('easier', assignment, { contractFile })).directory);
    },
  );
  await lie('borrowed', /it did not make the tests before the engine itself/, async ({ assignment }) => {
    const { directory } = await made('borrowed', null);
    const bundle = digestBytes(readFileSync(join(directory, 'artifacts/digests.json')));
    return store((await made('borrowed', assignment, { testsBefore: { directory, bundle } })).directory);
  });
  await lie('swapped', /its bundle is not what its digest says/, async ({ assignment }) => {
    const { directory } = await made('swapped', assignment);
    const { bytes } = await store(directory);
    const bundle: Digest = `sha256:${randomBytes(32).toString('hex')}`;
    const file = join(site.dir, 'swapped');
    writeFileSync(file, 'something else');
    await putObject(await bundlesStore(nats), bundle, file);
    expect(objectName(bundle)).toMatch(/^[0-9a-f]{64}$/);
    return { bundle, bytes };
  });
  await lie('other-key', /its bundle does not verify \(signature/, async ({ assignment }) => {
    return store((await made('stranger', assignment)).directory);
  });
  await lie('stranger', /it is signed with a key that is not admitted/, async ({ assignment }) => {
    return store((await made('stranger', assignment)).directory);
  });
  // The truth, from somebody who lied before: it is not looked at.
  await lie('altered', /its worker has lied in this batch before/, async ({ assignment }) => {
    return store((await made('altered', assignment)).directory);
  });

  const honest = await site.worker(server.url, 'honest');
  expect(await batch.over, batch.stderr()).toBe(0);
  honest.child.kill('SIGTERM');
  await honest.over;
  const report = batch.report();
  expect(report).toMatchObject({ asked: 8, runs: 8, passed: 8 });
  expect(batch.log()).toHaveLength(8);
  for (const { key, worker } of report.all) {
    expect(worker).toBe(keys.honest.signer.keyid);
    await requireBothHold(join(batch.out, 'runs', key), 'py-interval');
  }
  const refused = batch
    .read('refused.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RefusedAnswer);
  expect(refused.map(({ keyid }) => keyid).sort()).toEqual(refusals.map(([keyid]) => keyid).sort());
  for (const [keyid, says] of refusals)
    expect(refused.filter((one) => one.keyid === keyid).some(({ what }) => says.test(what))).toBe(true);
});

test('an answer that is no envelope, or says nothing, changes nothing', async () => {
  const key = await readSigningKey(await site.key('honest'));
  const batch = site.batch(
    server.url,
    site.manifest({ fixtures: ['py-interval'], engines: [{ id: 'fake', engine: 'fake' }] }),
    [join(site.dir, 'honest.key.pub')],
  );
  await batch.says('1 runs for the fleet');
  const { batch: id } = JSON.parse(batch.read('fleet.json')) as { batch: string };
  const subject = answersSubject({ batch: id }, 'done');
  for (const text of [
    '',
    'null',
    '{}',
    '{"signatures":[]}',
    'x'.repeat(200_000),
    '{"payload":"e30=","payloadType":"x","signatures":[{"keyid":"x","sig":"eA=="}]}',
  ])
    await nats.js.publish(subject, text);
  await nats.js.publish(subject, sealAnswer({ kind: 'done' } as never, key));
  const worker = await site.worker(server.url, 'honest-2', [], { key: 'honest' });
  expect(await batch.over, batch.stderr()).toBe(0);
  expect(batch.report()).toMatchObject({ runs: 1, passed: 1 });
  worker.child.kill('SIGTERM');
  await worker.over;
});
