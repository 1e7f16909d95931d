/** The rights that docs/fleet/nats-server.conf gives are enough for a fleet, and too few for a worker that wants more. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, expect, test, vi } from 'vitest';
import { readAddress } from '../../src/fleet/address.ts';
import { connectNats } from '../../src/fleet/connect.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { proofbox } from '../integration/product.ts';
import { freePort, Site } from './site.ts';

// Real runs, several in a test, on a machine that others may use too.
vi.setConfig({ testTimeout: 900_000 });

const site = new Site();
afterAll(() => site.remove());

function secret(name: string, text: string | Uint8Array): string {
  const file = join(site.dir, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** An authority, and a certificate of the server for 127.0.0.1. */
function certificates(): { ca: string; cert: string; key: string } {
  const at = (name: string) => join(site.dir, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: site.dir, stdio: 'pipe' });
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=a test',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=127.0.0.1',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
  );
  writeFileSync(at('san'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'san',
    '-out',
    'server.pem',
  );
  return { ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key') };
}

test('a fleet with TLS, NKeys and the rights of docs/fleet/nats-server.conf', async () => {
  const { ca, cert, key } = certificates();
  const [workerKey, batchKey] = [nkeys.createUser(), nkeys.createUser()];
  const port = await freePort();
  const folder = join(site.dir, 'jetstream');
  mkdirSync(folder);
  const text = readFileSync(join(PACKAGE_ROOT, 'docs/fleet/nats-server.conf'), 'utf8')
    .replace('0.0.0.0:4222', `127.0.0.1:${port}`)
    .replace('/etc/proofbox/nats/server.pem', cert)
    .replace('/etc/proofbox/nats/server.key', key)
    .replace('/etc/proofbox/nats/ca.pem', ca)
    .replace('/var/lib/nats', folder)
    .replace('200GB', '1GB')
    .replace(/UWORKER_\w+/, workerKey.getPublicKey())
    .replace(/UBATCH_\w+/, batchKey.getPublicKey());
  await site.server(['-c', secret('nats.conf', text)], port);
  const url = `tls://127.0.0.1:${port}`;
  const seeds = {
    worker: secret('worker.seed', workerKey.getSeed()),
    batch: secret('batch.seed', batchKey.getSeed()),
  };
  const as = (who: keyof typeof seeds) => ['--nats-nkey', seeds[who], '--nats-ca', ca];

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
  const once = { timeout: 1000 };
  await expect(js.publish('proofbox.v1.runs.a.b.c.d.plain.x.y.1', '{}', once)).rejects.toThrow();
  await expect(js.publish('proofbox.v1.dead.x.y', '{}', once)).rejects.toThrow();
  await expect(js.publish('$O.proofbox_inputs.M.x', '{}', once)).rejects.toThrow();
  await expect(jsm.streams.purge('PROOFBOX_RUNS')).rejects.toThrow();
  await expect(jsm.streams.purge('PROOFBOX_ANSWERS')).rejects.toThrow();
  await expect(jsm.streams.delete('PROOFBOX_ANSWERS')).rejects.toThrow();
  await connection.close();

  // Neither without the authority, nor with a key that the server does not know, nor without one.
  const status = ['fleet', 'status', '--nats', url];
  const stranger = secret('stranger.seed', nkeys.createUser().getSeed());
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
