import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Candidate, candidates } from '../../src/docker/candidates.ts';
import { connectDocker, tryCandidates } from '../../src/docker/connect.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { answers500, answersOk, type Fakes, fakes, hangs } from './engine-servers.ts';

let engines: Fakes;
beforeEach(() => {
  engines = fakes();
});
afterEach(() => engines.close());

function at(socketPath: string): Candidate {
  return { strategy: 'default socket', endpoint: `unix://${socketPath}`, options: { socketPath } };
}

function writeContext(name: string, host: string): void {
  const id = createHash('sha256').update(name).digest('hex');
  const folder = join(engines.folder, 'contexts/meta', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'meta.json'),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
  );
}

describe('where an engine is looked for', () => {
  test('DOCKER_HOST is the only candidate where it is set', async () => {
    const list = await candidates({ DOCKER_HOST: 'unix:///some/where.sock', DOCKER_CONTEXT: 'other' });
    expect(list.map(({ strategy, endpoint }) => [strategy, endpoint])).toEqual([
      ['DOCKER_HOST', 'unix:///some/where.sock'],
    ]);
  });

  test.each([
    ['tcp://box:1234', { protocol: 'http', host: 'box', port: '1234' }],
    ['tcp://[::1]:1234', { protocol: 'http', host: '::1', port: '1234' }],
    ['tcp://box', { protocol: 'http', host: 'box', port: 2375 }],
    ['ssh://me@box', { protocol: 'ssh', host: 'box', port: 22, username: 'me' }],
  ])('reads %s', async (endpoint, options) => {
    const [only] = await candidates({ DOCKER_HOST: endpoint });
    expect(only?.options).toEqual(options);
  });

  test('DOCKER_CERT_PATH makes it TLS with the three files', async () => {
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(engines.folder, `${name}.pem`), name);
    const [only] = await candidates({
      DOCKER_HOST: 'tcp://box',
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: engines.folder,
    });
    expect(only?.options).toEqual({
      protocol: 'https',
      host: 'box',
      port: 2376,
      ca: Buffer.from('ca'),
      cert: Buffer.from('cert'),
      key: Buffer.from('key'),
    });
  });

  test('missing certificates are one sentence with the fix, exit 4', async () => {
    const env = { DOCKER_HOST: 'tcp://box', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nowhere' };
    await expect(candidates(env)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('/nowhere'),
      fix: expect.stringContaining('DOCKER_CERT_PATH'),
    });
  });

  test('an address that is none is one sentence with the fix, exit 4', async () => {
    await expect(candidates({ DOCKER_HOST: 'nonsense' })).rejects.toMatchObject({
      exitCode: 4,
      message: 'the engine address "nonsense" is none that can be used',
    });
  });

  test('the context named in config.json comes before the default socket', async () => {
    writeFileSync(join(engines.folder, 'config.json'), JSON.stringify({ currentContext: 'lab' }));
    writeContext('lab', 'unix:///lab.sock');
    const list = await candidates({ DOCKER_CONFIG: engines.folder, XDG_RUNTIME_DIR: engines.folder });
    expect(list.slice(0, 2).map(({ strategy, endpoint }) => [strategy, endpoint])).toEqual([
      ['context', 'unix:///lab.sock'],
      ['default socket', 'unix:///var/run/docker.sock'],
    ]);
  });

  test('DOCKER_CONTEXT wins over config.json, and needs none', async () => {
    writeContext('field', 'unix:///field.sock');
    const env = { DOCKER_CONFIG: engines.folder, DOCKER_CONTEXT: 'field' };
    expect((await candidates(env))[0]?.endpoint).toBe('unix:///field.sock');
    writeFileSync(join(engines.folder, 'config.json'), JSON.stringify({ currentContext: 'lab' }));
    expect((await candidates(env))[0]?.endpoint).toBe('unix:///field.sock');
  });

  test('a broken config.json is as good as none', async () => {
    writeFileSync(join(engines.folder, 'config.json'), '{');
    const [first] = await candidates({ DOCKER_CONFIG: engines.folder });
    expect(first?.strategy).toBe('default socket');
  });

  test('a Podman socket that is there comes last', async () => {
    mkdirSync(join(engines.folder, 'podman'));
    const socket = await engines.listen('podman/podman.sock', answersOk);
    const list = await candidates({ DOCKER_CONFIG: engines.folder, XDG_RUNTIME_DIR: engines.folder });
    expect(list.map(({ endpoint }) => endpoint)).toEqual(['unix:///var/run/docker.sock', `unix://${socket}`]);
  });
});

describe('which engine is taken', () => {
  test('the first that answers, with the reasons against those before it', async () => {
    const list = [
      at(join(engines.folder, 'none.sock')),
      at(await engines.listen('hang.sock', hangs)),
      at(await engines.listen('broken.sock', answers500)),
      at(await engines.listen('page.sock', (_, response) => response.end('<html>'))),
      at(await engines.listen('good.sock', answersOk)),
    ];
    const { connection } = await tryCandidates(list, 200);
    expect(connection?.endpoint).toBe(list.at(-1)?.endpoint);
    expect(connection?.refusals.map(({ why }) => why)).toEqual([
      'there is no such socket',
      'no answer within 0.2 s',
      'it answers with status 500',
      'it does not answer like Docker',
    ]);
  });

  test('an engine that hangs is left: its connection is closed', async () => {
    let closed: () => void = () => undefined;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const socket = await engines.listen('hang.sock', (request) => request.socket.once('close', closed));
    await tryCandidates([at(socket)], 100);
    await isClosed;
  });

  test('a signal ends the waiting for one that says nothing', async () => {
    const stop = new AbortController();
    const socket = await engines.listen('hang.sock', () => stop.abort(new Error('unneeded')));
    await expect(tryCandidates([at(socket)], 600_000, stop.signal)).rejects.toThrow('unneeded');
  });

  test('a request that is refused does not wait for one that says nothing', async () => {
    const socket = await engines.listen('hang.sock', hangs);
    const main = join(PACKAGE_ROOT, 'dist/cli/main.js');
    // Far less than an engine is given to answer.
    const { exitCode, stderr, timedOut } = await execa('node', [main, 'run', 'no-such-fixture'], {
      env: { DOCKER_HOST: `unix://${socket}` },
      reject: false,
      timeout: 15_000,
    });
    expect({ exitCode, timedOut }, stderr).toEqual({ exitCode: 2, timedOut: false });
    expect(stderr).toContain('no-such-fixture');
  }, 30_000);

  test('a wrong DOCKER_HOST is one sentence with the fix, exit 4, and no other engine is taken', async () => {
    const wrong = `unix://${engines.folder}/none.sock`;
    await expect(connectDocker({ DOCKER_HOST: wrong })).rejects.toMatchObject({
      exitCode: 4,
      message: `no container engine answers (${wrong}: there is no such socket)`,
      fix: expect.stringContaining('scripts/setup'),
    });
  });

  test('the engine of this machine answers', async () => {
    const { docker } = await connectDocker();
    expect((await docker.version()).Version).toMatch(/^\d+\./);
  });
});
