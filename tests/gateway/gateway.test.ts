import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Provider, readProvider } from '../../src/gateway/configure.ts';
import { MAX_REQUEST, MAX_REQUESTS, MAX_RESPONSE } from '../../src/gateway/policy.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { SOCKET_NAME } from '../../src/gateway/socket.ts';
import { liveSource, type Source } from '../../src/gateway/source.ts';
import type { CassetteExchange, ProviderRecord } from '../../src/schema/provider.ts';
import { validator } from '../schema/validator.ts';
import { chunk, DONE, type FakeProvider, json, type Script, startProvider, stream } from './provider.ts';

const KEY = 'sk-test-0123456789abcdef';
const space = mkdtempSync(join(tmpdir(), 'proofbox-gateway-'));
afterAll(() => rmSync(space, { recursive: true, force: true }));

interface Opened {
  ask(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<Got>;
  raw(method: string, path: string): ClientRequest;
  /** closes and gives the records */
  end(): Promise<ProviderRecord[]>;
  socket: string;
}
interface Got {
  status: number;
  body: string;
  /** the connection broke before the answer ended */
  torn: boolean;
  type: string;
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function provider(script: Script): Promise<FakeProvider> {
  const one = await startProvider(script);
  open.push(() => one.close());
  return one;
}

async function gateway(text: string, key: string | null = KEY): Promise<Opened> {
  const environment = key === null ? {} : { PROOFBOX_PROVIDER_KEY: key };
  const { source, secret } = (await readProvider(text, environment)) as Provider;
  return gatewayOver(source, secret);
}

async function gatewayOver(source: Source, secret: string | null): Promise<Opened> {
  const folder = mkdtempSync(join(space, 'g-'));
  let lines = '';
  const server = await startGateway({
    folder,
    owner: { uid: 64100, gid: 64100 },
    source,
    secret,
    nonce: '0'.repeat(32),
    clock: () => performance.now(),
    write: async (line) => {
      lines += line;
    },
  });
  const socket = join(folder, SOCKET_NAME);
  const options = (method: string, path: string, headers = {}) => ({
    socketPath: socket,
    method,
    path,
    headers: { authorization: 'Bearer placeholder', 'content-type': 'application/json', ...headers },
  });
  let closed: Promise<number> | null = null;
  const close = () => {
    closed ??= server.close();
    return closed;
  };
  open.push(close);
  return {
    socket,
    raw: (method, path) => request(options(method, path)),
    ask: (method, path, body = '', headers = {}) =>
      new Promise((resolve, reject) => {
        const one = request(options(method, path, headers), (response) => {
          let text = '';
          const finish = (torn: boolean) =>
            resolve({
              status: response.statusCode ?? 0,
              body: text,
              torn,
              type: response.headers['content-type'] ?? '',
            });
          response.setEncoding('utf8');
          response.on('data', (part) => {
            text += part;
          });
          response.on('end', () => finish(false));
          response.on('error', () => finish(true));
        });
        one.on('error', reject);
        one.end(body);
      }),
    end: async () => {
      const count = await close();
      const records = lines
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as ProviderRecord);
      expect(records.length).toBe(count);
      expect(lines).not.toContain(KEY);
      return records;
    },
  };
}

const CHAT = '/v1/chat/completions';
const body = (over = {}) =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...over });

describe('what passes', () => {
  test('an OpenAI call: the key is added, the placeholder and all other headers stay behind', async () => {
    const far = await provider(json({ choices: [], usage: { prompt_tokens: 12, completion_tokens: 34 } }));
    const { ask, end } = await gateway(far.url);
    const got = await ask('POST', CHAT, body(), { cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' });
    expect(got.status).toBe(200);
    expect(far.seen[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(far.seen[0]?.headers).not.toHaveProperty('cookie');
    expect(far.seen[0]?.headers).not.toHaveProperty('x-forwarded-for');
    const [record] = await end();
    expect(record).toMatchObject({
      seq: 1,
      method: 'POST',
      path: CHAT,
      outcome: 'ok',
      status: 200,
      model: 'm',
      tokens: { input: 12, output: 34 },
      request_bytes: body().length,
      nonce: '0'.repeat(32),
    });
    expect(record?.response_bytes).toBe(got.body.length);
  });

  test('an Anthropic call: the key goes into x-api-key, its version header passes', async () => {
    const far = await provider(json({ usage: { input_tokens: 5, output_tokens: 6 } }));
    const { ask, end } = await gateway(`${far.url}/v1/`);
    await ask('POST', '/v1/messages?beta=true', body(), { 'anthropic-version': '2023-06-01' });
    expect(far.seen[0]).toMatchObject({ method: 'POST', url: '/v1/messages?beta=true' });
    expect(far.seen[0]?.headers).toMatchObject({ 'x-api-key': KEY, 'anthropic-version': '2023-06-01' });
    expect(far.seen[0]?.headers).not.toHaveProperty('authorization');
    expect((await end())[0]).toMatchObject({ path: '/v1/messages', tokens: { input: 5, output: 6 } });
  });

  test('a streamed answer arrives while it is still being made', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const far = await provider(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('first, and long enough to be more than the key that is held back'));
      await held;
      response.end(chunk('second', 'stop') + DONE);
    });
    const { raw, end } = await gateway(far.url);
    const text = await new Promise<string>((resolve) => {
      const one = raw('POST', CHAT);
      one.on('response', (response) => {
        let all = '';
        response.on('data', (part) => {
          all += part;
          release();
        });
        response.on('end', () => resolve(all));
      });
      one.end(body({ stream: true }));
    });
    expect(text).toMatch(/first.*second.*DONE/s);
    expect((await end())[0]?.outcome).toBe('ok');
  });

  test('a base address with a path keeps it', async () => {
    const far = await provider(json({}));
    const { ask } = await gateway(`${far.url}/proxy/team`);
    await ask('GET', '/v1/models');
    expect(far.seen[0]?.url).toBe('/proxy/team/v1/models');
  });
});

describe('what does not pass', () => {
  test.each([
    ['GET', CHAT],
    ['DELETE', '/v1/models/m'],
    ['POST', '/v1/files'],
    ['POST', '/v1/fine_tuning/jobs'],
    ['GET', '/'],
    ['POST', '/v1/chat/completions/../../files'],
    ['POST', '//elsewhere.invalid/v1/chat/completions'],
    ['POST', 'http://elsewhere.invalid/v1/chat/completions'],
    ['POST', '/V1/chat/completions'],
    ['POST', '/v1/chat/completions%2f'],
  ])('%s %s is refused and recorded, and never reaches the provider', async (method, path) => {
    const far = await provider(json({}));
    const { ask, end } = await gateway(far.url);
    expect((await ask(method, path, '')).status).toBe(403);
    expect(far.seen).toEqual([]);
    expect((await end())[0]).toMatchObject({ outcome: 'refused', status: 403, method });
  });

  test('a body above the limit', async () => {
    const far = await provider(json({}));
    const { ask, end } = await gateway(far.url);
    await ask('POST', CHAT, 'x'.repeat(MAX_REQUEST + 1)).catch(() => undefined);
    expect(far.seen).toEqual([]);
    expect((await end())[0]).toMatchObject({ outcome: 'too_large', status: 413 });
  });

  test('an answer above the limit is torn, not cut off quietly', async () => {
    const far = await provider((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('x'.repeat(MAX_RESPONSE + 1));
    });
    const { ask, end } = await gateway(far.url);
    expect((await ask('POST', CHAT, body())).torn).toBe(true);
    expect((await end())[0]?.outcome).toBe('too_large');
  });

  test('more requests than a run may make end the gateway, with one record', async () => {
    const { socket, end } = await gateway('http://127.0.0.1:9');
    const client = connect(socket);
    client.on('error', () => undefined).resume();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(2 * MAX_REQUESTS));
    const isClosed = () =>
      new Promise<boolean>((resolve) => {
        const probe = connect(socket);
        probe.on('connect', () => probe.destroy() && resolve(false)).on('error', () => resolve(true));
      });
    await expect.poll(isClosed, { timeout: 10_000 }).toBe(true);
    const records = await end();
    client.destroy();
    expect(records).toHaveLength(MAX_REQUESTS + 1);
    expect(records.filter(({ outcome }) => outcome === 'too_large')).toHaveLength(1);
  });
});

describe('P10: a provider that fails', () => {
  const ERRORS: [string, Script | null, Partial<ProviderRecord>][] = [
    ['is not there', null, { outcome: 'unreachable', status: 502 }],
    ['refuses the key', json({ error: 'no' }, 401), { outcome: 'rejected', status: 401 }],
    ['is busy', json({ error: 'slow down' }, 429), { outcome: 'rejected', status: 429 }],
    ['is broken', json({ error: 'oops' }, 500), { outcome: 'rejected', status: 500 }],
    ['hangs up before it answers', (_, response) => void response.destroy(), { outcome: 'unreachable' }],
    ['hangs up in a stream', stream([chunk('ha')], 'torn'), { outcome: 'cut' }],
    ['ends a stream without an end', stream([chunk('ha')], 'closed'), { outcome: 'cut' }],
    ['sends an empty stream', stream([], 'closed'), { outcome: 'cut' }],
    [
      'reports an error inside its stream',
      stream([chunk('ha'), 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n']),
      { outcome: 'rejected', status: 200 },
    ],
    [
      'sends less than it announced',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"half":');
        setTimeout(() => response.destroy(), 20);
      },
      { outcome: 'cut' },
    ],
    [
      'redirects elsewhere',
      (_, response) => {
        response.writeHead(307, { location: 'http://127.0.0.1:9/v1/chat/completions' });
        response.end();
      },
      { outcome: 'unreachable' },
    ],
  ];
  test.each(ERRORS)('%s', async (_, script, expected) => {
    const url = script === null ? 'http://127.0.0.1:9' : (await provider(script)).url;
    const { ask, end } = await gateway(url);
    const got = await ask('POST', CHAT, body({ stream: true })).catch(() => ({ status: 0, torn: true }));
    if (expected.outcome === 'cut') expect(got.torn).toBe(true);
    else expect(got.torn).toBe(false);
    expect((await end())[0]).toMatchObject(expected);
  });

  test.each<[string, string[]]>([
    ['OpenAI with [DONE]', [chunk('ha'), DONE]],
    ['OpenAI with a reason and no [DONE]', [chunk('ha', 'stop')]],
    [
      'responses',
      ['event: response.completed\ndata: {"type":"response.completed","response":{"error":null}}\n\n'],
    ],
    ['Anthropic', ['event: message_stop\ndata: {"type":"message_stop"}\n\n']],
  ])('the control: a whole stream of %s is ok', async (_, events) => {
    const { ask, end } = await gateway((await provider(stream(events))).url);
    expect((await ask('POST', CHAT, body({ stream: true }))).torn).toBe(false);
    expect((await end())[0]?.outcome).toBe('ok');
  });

  test.each<[string, Script]>([
    ['before its answer', () => undefined],
    [
      'in the middle of it',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(chunk('ha'));
      },
    ],
  ])('falls silent %s: timeout', async (_, script) => {
    const source = liveSource(new URL((await provider(script)).url), KEY, 300);
    const { ask, end } = await gatewayOver(source, KEY);
    await ask('POST', CHAT, body({ stream: true })).catch(() => undefined);
    expect((await end())[0]?.outcome).toBe('timeout');
  });

  test('the control: an answer that takes longer than that, and never falls silent, is whole', async () => {
    const slow = await provider(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let part = 0; part < 8; part += 1) {
        response.write(chunk('ha'));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      response.end(DONE);
    });
    const { ask, end } = await gatewayOver(liveSource(new URL(slow.url), KEY, 400), KEY);
    expect((await ask('POST', CHAT, body({ stream: true }))).torn).toBe(false);
    expect((await end())[0]?.outcome).toBe('ok');
  });

  test('an engine that ends while a request is under way: left, and the gateway closes at once', async () => {
    const { raw, end } = await gateway((await provider(() => undefined)).url);
    const one = raw('POST', CHAT);
    one.on('error', () => undefined).end(body());
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = performance.now();
    expect((await end())[0]?.outcome).toBe('left');
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test('an engine that hangs up in the middle of a large answer: left, and nothing hangs', async () => {
    const far = await provider((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('x'.repeat(MAX_RESPONSE - 1));
    });
    const { raw, end } = await gateway(far.url);
    await new Promise<void>((resolve) => {
      const one = raw('POST', CHAT);
      one.on('response', (response) => {
        response.on('error', () => undefined);
        response.once('data', () => {
          one.destroy();
          resolve();
        });
      });
      one.on('error', () => undefined).end(body());
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await end())[0]?.outcome).toBe('left');
  });
});

describe('the key', () => {
  const echo = (pieces: (key: string) => string[]) =>
    provider(async (_, response) => {
      response.writeHead(200, { 'content-type': `text/plain; x=${KEY}` });
      for (const piece of pieces(KEY)) {
        response.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      response.end();
    });
  test.each<[string, (key: string) => string[]]>([
    ['in one piece', (key) => [`your key is ${key}.`]],
    ['letter by letter', (key) => [...`your key is ${key}.`]],
    ['many times', (key) => [key.repeat(50)]],
    ['after half of itself', (key) => [key.slice(0, 10), key]],
  ])('that a provider echoes %s is crossed out', async (_, pieces) => {
    const { ask, end } = await gateway((await echo(pieces)).url);
    const got = await ask('POST', CHAT, body());
    expect(got.body).not.toContain(KEY);
    expect(got.body).toContain('x'.repeat(KEY.length));
    expect(got.body.length).toBe(pieces(KEY).join('').length);
    expect(got.type).toBe('application/octet-stream');
    await end();
  });

  test('leaves the environment, so that no child of the harness inherits it', async () => {
    const environment: NodeJS.ProcessEnv = { PROOFBOX_PROVIDER_KEY: KEY };
    await readProvider('http://127.0.0.1:9', environment);
    expect(environment).toEqual({});
  });

  test('serves every run of a batch, although only the first one finds it in the environment', async () => {
    const far = await provider(json({}));
    const environment: NodeJS.ProcessEnv = { PROOFBOX_PROVIDER_KEY: KEY };
    for (let run = 1; run <= 3; run += 1) {
      const { source, secret } = (await readProvider(far.url, environment)) as Provider;
      const { ask, end } = await gatewayOver(source, secret);
      expect((await ask('POST', CHAT, body())).status).toBe(200);
      expect(far.seen).toHaveLength(run);
      expect(far.seen.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`);
      await end();
      expect(environment).toEqual({});
    }
    // Whoever has another environment, as a worker has for its addresses, is lent nothing.
    expect(await readProvider(far.url, {})).toMatchObject({ secret: null });
    // And a key that is set anew is the one that counts.
    environment.PROOFBOX_PROVIDER_KEY = 'sk-test-another-one';
    expect(await readProvider(far.url, environment)).toMatchObject({ secret: 'sk-test-another-one' });
  });

  test("the socket is the cage's user's alone", async () => {
    const { socket } = await gateway('http://127.0.0.1:9');
    const { mode, uid } = statSync(socket);
    expect(mode & 0o777).toBe(0o600);
    expect(uid).toBe(process.getuid?.() === 0 ? 64100 : process.getuid?.());
  });
});

describe('cassettes', () => {
  const two: Script = (_, response, number) =>
    number === 1
      ? json({ say: `one ${KEY}` })(_, response, number)
      : stream([chunk('two'), DONE])(_, response, number);
  const read = (file: string) =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as CassetteExchange);

  async function recorded(): Promise<string> {
    const file = join(mkdtempSync(join(space, 'c-')), 'cassette.jsonl');
    const { ask, end } = await gateway(`record:${file}=${(await provider(two)).url}`);
    await ask('POST', CHAT, body());
    await ask('POST', CHAT, body({ stream: true }));
    await end();
    return file;
  }

  test('what was recorded is played back, without the key and without the provider', async () => {
    const file = await recorded();
    expect(readFileSync(file, 'utf8')).not.toContain(KEY);
    const { ask, end } = await gateway(`replay:${file}`, null);
    expect((await ask('POST', CHAT, body())).body).toContain('one xxxx');
    const second = await ask(
      'POST',
      CHAT,
      body({ stream: true, messages: [{ role: 'user', content: 'other words' }] }),
    );
    expect(second).toMatchObject({ status: 200, type: 'text/event-stream', body: chunk('two') + DONE });
    expect((await end()).map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  test.each<[string, (ask: Opened['ask']) => Promise<Got>]>([
    ['another model', (ask) => ask('POST', CHAT, body({ model: 'other' }))],
    ['another tool', (ask) => ask('POST', CHAT, body({ tools: [{ name: 'shell' }] }))],
    ['another turn', (ask) => ask('POST', CHAT, body({ messages: [{ role: 'system' }, { role: 'user' }] }))],
    ['streaming', (ask) => ask('POST', CHAT, body({ stream: true }))],
    ['another call', (ask) => ask('POST', '/v1/responses', body())],
    ['no JSON', (ask) => ask('POST', CHAT, 'hello')],
  ])('%s than the next is unexpected and gets no answer', async (_, act) => {
    const { ask, end } = await gateway(`replay:${await recorded()}`);
    expect((await act(ask)).status).toBe(502);
    expect((await end())[0]?.outcome).toBe('unexpected');
  });

  test('a request after the last is unexpected', async () => {
    const { ask, end } = await gateway(`replay:${await recorded()}`);
    await ask('POST', CHAT, body());
    await ask('POST', CHAT, body({ stream: true }));
    expect((await ask('POST', CHAT, body())).status).toBe(502);
    expect((await end()).at(-1)?.outcome).toBe('unexpected');
  });

  test('an answer that was cut is not recorded', async () => {
    const file = join(mkdtempSync(join(space, 'c-')), 'cassette.jsonl');
    const far = await provider(stream([chunk('ha')], 'closed'));
    const { ask, end } = await gateway(`record:${file}=${far.url}`);
    await ask('POST', CHAT, body({ stream: true }));
    await end();
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  test('the shape of a recorded request holds no word of it', async () => {
    const [first] = read(await recorded());
    expect(Object.keys(first ?? {}).sort()).toEqual(
      ['body', 'content_type', 'method', 'path', 'schema', 'shape', 'status'].sort(),
    );
    const validate = validator('cassette');
    expect(validate(first) || validate.errors).toBe(true);
  });
});

describe('P10: what --provider may be', () => {
  const cassette = join(space, 'bad.jsonl');
  writeFileSync(cassette, '{"schema":"other"}\n');
  test.each<[string, RegExp]>([
    ['nonsense', /no address/],
    ['ftp://host', /no address/],
    ['http://user:secret@host', /name, password/],
    ['http://host/?key=1', /name, password/],
    ['record:=http://host', /no address/],
    ['record:file', /no address/],
    [`record:${cassette}=http://host`, /exists already/],
    ['replay:/nowhere/file', /does not exist/],
    [`replay:${cassette}`, /line 1/],
    ['replay:/dev', /not a regular file/],
  ])('%s is refused in one sentence', async (text, message) => {
    await expect(readProvider(text, {})).rejects.toThrow(message);
  });

  test('a key with a line end behind it is the key', async () => {
    const { secret } = (await readProvider('http://host', { PROOFBOX_PROVIDER_KEY: `${KEY}\n` })) as Provider;
    expect(secret).toBe(KEY);
  });

  test('a key too short to be one', async () => {
    await expect(readProvider('http://host', { PROOFBOX_PROVIDER_KEY: 'x' })).rejects.toThrow(/too short/);
  });
});

test('the socket is made where the path is longer than a socket name may be', async () => {
  const folder = mkdtempSync(join(space, `${'long-'.repeat(30)}`));
  const { source } = (await readProvider('http://127.0.0.1:9', {})) as Provider;
  const server = await startGateway({
    folder,
    owner: { uid: 64100, gid: 64100 },
    source,
    secret: null,
    nonce: '0'.repeat(32),
    clock: () => 0,
    write: async () => undefined,
  });
  expect(statSync(join(folder, SOCKET_NAME)).isSocket()).toBe(true);
  expect(await server.close()).toBe(0);
});
