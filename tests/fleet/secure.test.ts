/** The rights that docs/fleet/nats-server.conf gives are enough for a fleet, and too few for a worker that wants more. */
import { nkeys, PermissionViolationError } from '@nats-io/transport-node';
import { afterAll, expect, test, vi } from 'vitest';
import { readAddress } from '../../src/fleet/address.ts';
import { connectNats } from '../../src/fleet/connect.ts';
import { proofbox } from '../integration/product.ts';
import { secret, secureServer } from './secure-server.ts';
import { Site } from './site.ts';

// Real runs, several in a test, on a machine that others may use too.
vi.setConfig({ testTimeout: 900_000 });

const site = new Site();
const elsewhere = new Site();
afterAll(async () => {
  await site.remove();
  await elsewhere.remove();
});

/** What the server refuses. No time-out counts as that, nor any other error. */
async function refusal(asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(
    () => null,
    (cause: unknown) => cause,
  );
  // The client of JetStream wraps what the connection said.
  const said = error instanceof Error && error.cause !== undefined ? error.cause : error;
  expect(said).toBeInstanceOf(PermissionViolationError);
  const { operation, subject } = said as PermissionViolationError;
  return `${operation} ${subject}`;
}

test('a fleet with TLS, NKeys and the rights of docs/fleet/nats-server.conf', async () => {
  const { url, ca, seeds, as } = await secureServer(site, '127.0.0.1');
  const init = await site.init(url, as('batch'));
  expect(init.exitCode, init.stderr).toBe(0);
  const worker = await site.worker(url, 'secure', as('worker'));
  const manifest = site.manifest({
    fixtures: ['py-interval'],
    engines: [{ id: 'fake', engine: 'fake' }],
    repeats: 2,
  });
  const batch = site.batch(url, manifest, [worker.pub], as('batch'));
  expect(await batch.over, batch.stderr()).toBe(0);
  expect(batch.report()).toMatchObject({ runs: 2, passed: 2 });
  worker.child.kill('SIGTERM');
  expect(await worker.over).toBe(0);

  // What a worker could turn against a batch: all of it refused by the server.
  const nats = await connectNats(
    await readAddress({ nats: url, natsNkey: seeds.worker, natsCa: ca }, {}),
    'a bad worker',
  );
  const { js, jsm, connection } = nats;
  for (const subject of [
    'proofbox.v1.runs.a.b.c.d.plain.x.y.1',
    'proofbox.v1.dead.x.y',
    '$O.proofbox_inputs.M.x',
  ])
    expect(await refusal(js.publish(subject, '{}', { retries: 0 }))).toBe(`publish ${subject}`);
  for (const [call, asked] of [
    ['PURGE.PROOFBOX_RUNS', () => jsm.streams.purge('PROOFBOX_RUNS')],
    ['PURGE.PROOFBOX_ANSWERS', () => jsm.streams.purge('PROOFBOX_ANSWERS')],
    ['DELETE.PROOFBOX_ANSWERS', () => jsm.streams.delete('PROOFBOX_ANSWERS')],
  ] as const)
    expect(await refusal(asked())).toBe(`publish $JS.API.STREAM.${call}`);
  await connection.close();

  // Neither without the authority, nor with a key that the server does not know, nor without one.
  const status = ['fleet', 'status', '--nats', url];
  const stranger = secret(site, 'stranger.seed', nkeys.createUser().getSeed());
  for (const args of [
    ['--nats-nkey', seeds.batch],
    ['--nats-nkey', stranger, '--nats-ca', ca],
    ['--nats-ca', ca],
  ]) {
    const { exitCode, stderr } = await proofbox([...status, ...args]);
    expect(exitCode, stderr).toBe(4);
    expect(stderr).toMatch(/cannot be reached/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toMatch(/SU[A-Z2-7]{20}/);
  }
});

test('a server that is given by number must have a certificate for that number', async () => {
  const { url, as } = await secureServer(elsewhere, '127.0.0.1', 'DNS:localhost,IP:127.0.0.2');
  const asked = (nats: string) => proofbox(['fleet', 'status', '--nats', nats, ...as('batch')]);
  const refused = await asked(url);
  expect(refused.exitCode, refused.stderr).toBe(4);
  expect(refused.stderr).toContain("does not match certificate's altnames");
  // The control: by the name in its certificate it is let in, and only then asked for its queue.
  const named = await asked(url.replace('127.0.0.1', 'localhost'));
  expect(named.stderr).toContain('has no queue of proofbox yet');
});
