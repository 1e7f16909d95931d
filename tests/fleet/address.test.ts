/** Where a fleet may be: in the open nowhere but on loopback, and no secret where every process can read it. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isLoopbackName, readAddress } from '../../src/fleet/address.ts';
import { proofbox, scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());

function secret(name: string, text: string, mode = 0o600): string {
  const file = join(space.dir, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const SEED = `SU${'A'.repeat(56)}`;
const token = secret('token', 'a-token-of-the-fleet\n');

describe('an address that is not loopback is refused, and nothing is asked of it:', () => {
  test.each([
    ['without anything', ['nats://192.0.2.1:4222'], 'credentials and TLS are missing'],
    ['without TLS', ['nats://192.0.2.1:4222', '--nats-token', token], 'TLS is missing'],
    ['without credentials', ['tls://192.0.2.1:4222'], 'credentials are missing'],
    ['beside a loopback one', ['127.0.0.1:4222,192.0.2.1:4222'], 'credentials and TLS are missing'],
    ['a name that looks like loopback', ['127.0.0.1.example.org:4222'], 'credentials and TLS are missing'],
    ['every interface', ['0.0.0.0:4222'], 'credentials and TLS are missing'],
    ['with a token in it', ['nats://t0k3n@127.0.0.1:4222'], 'which every process of this host can read'],
    ['of another scheme', ['http://127.0.0.1:4222'], 'holds an address that is none'],
    ['half in TLS', ['tls://127.0.0.1:4222,nats://127.0.0.1:4223'], 'and some do not'],
  ])('%s', async (_, [url = '', ...more], says) => {
    for (const command of [
      ['fleet', 'status'],
      ['fleet', 'init'],
    ]) {
      const { exitCode, stderr } = await proofbox([...command, '--nats', url, ...more]);
      expect(exitCode, stderr).toBe(2);
      expect(stderr).toContain(says);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).not.toContain('t0k3n');
      expect(stderr).not.toContain('a-token');
    }
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.255.255.254', true],
  ['[::1]', true],
  ['localhost', true],
  ['localhost.example.org', false],
  ['128.0.0.1', false],
  ['[::ffff:8.8.8.8]', false],
  ['[::]', false],
])('%s is loopback: %s', (name, expected) => {
  expect(isLoopbackName(name)).toBe(expected);
});

test('a secret that others can read, that is none, or that is given twice, is refused', async () => {
  const nats = '127.0.0.1:4222';
  await expect(readAddress({ nats, natsToken: secret('open', 'x', 0o644) }, {})).rejects.toThrow(
    'can be read by others',
  );
  await expect(readAddress({ nats, natsNkey: secret('noseed', 'UABC') }, {})).rejects.toThrow('no seed');
  await expect(readAddress({ nats, natsNkey: join(space.dir, 'nowhere') }, {})).rejects.toThrow(
    'cannot be read',
  );
  const both = { nats, natsToken: token, natsNkey: secret('seed', SEED) };
  await expect(readAddress(both, {})).rejects.toThrow('several of');
  await expect(readAddress({ nats, natsCert: token }, {})).rejects.toThrow('belong together');
});

test('secrets of the environment are taken out of it', async () => {
  const environment = { PROOFBOX_NATS_TOKEN: 'abc', PROOFBOX_NATS_NKEY: SEED, OTHER: '1' };
  const { credential } = await readAddress({ nats: 'localhost' }, environment);
  expect(credential).toEqual({ kind: 'nkey', seed: SEED });
  expect(environment).toEqual({ OTHER: '1' });
});

test('a batch or worker that could not be believed or could not answer is refused before anything is asked', async () => {
  const manifest = join(space.dir, 'm.json');
  const engines = [{ id: 'fake', engine: 'fake' }];
  writeFileSync(
    manifest,
    JSON.stringify({ schema: 'proofbox.batch/v1', fixtures: ['py-interval'], engines }),
  );
  const refusals: [string[], string][] = [
    [['batch', manifest, '--nats', '127.0.0.1:1'], 'no answer could be believed'],
    [['batch', manifest, '--nats', '127.0.0.1:1', '--admit-worker', token], 'is no public key'],
    [
      ['batch', manifest, '--nats', '127.0.0.1:1', '--admit-worker', token, '--forbid', '/etc'],
      'give --forbid to the workers',
    ],
    [
      ['batch', manifest, '--nats', '127.0.0.1:1', '--admit-worker', token, '--pool', 'a.b'],
      'the pool "a.b"',
    ],
    [['worker', '--nats', '127.0.0.1:1'], 'needs a key to sign with'],
    [['worker', '--sign', token], 'needs --nats URL'],
  ];
  for (const [args, says] of refusals) {
    const { exitCode, stderr } = await proofbox(args, { cwd: space.dir });
    expect(exitCode, stderr).toBe(2);
    expect(stderr).toContain(says);
  }
  const { exitCode, stderr } = await proofbox(['fleet', 'status', '--nats', '127.0.0.1:1']);
  expect(exitCode, stderr).toBe(4);
  expect(stderr).toContain('NATS at 127.0.0.1:1 cannot be reached');
});

test('neither help nor a command on this host loads the client of NATS', async () => {
  // The bundle asks for it with require, the modules with import: neither may go unseen.
  const watch = join(space.dir, 'watch.cjs');
  writeFileSync(
    watch,
    `const Module = require('node:module');
     const { pathToFileURL } = require('node:url');
     const load = Module._load;
     Module._load = function (name, ...more) {
       if (name.startsWith('@nats-io/')) process._rawDebug('LOADED ' + name);
       return load.call(this, name, ...more);
     };
     const hooks = "import { writeSync } from 'node:fs';" +
       "export function resolve(name, context, next) {" +
       "if (name.startsWith('@nats-io/')) writeSync(2, 'LOADED ' + name + '\\\\n');" +
       "return next(name, context); }";
     Module.register('data:text/javascript,' + encodeURIComponent(hooks), pathToFileURL(__filename));`,
  );
  const env = { NODE_OPTIONS: `--require ${watch}` };
  for (const args of [['--help'], ['fixtures'], ['batch', join(space.dir, 'nowhere.json')]])
    expect((await proofbox(args, { env })).stderr).not.toContain('LOADED');
  for (const how of [{}, { PROOFBOX_DEBUG: '1' }]) {
    const asked = proofbox(['fleet', 'status', '--nats', '127.0.0.1:1'], { env: { ...env, ...how } });
    expect((await asked).stderr).toContain('LOADED @nats-io/transport-node');
  }
});
