import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { inventory } from '../../src/evidence/inventory.ts';
import { evaluate } from '../../src/proofs/index.ts';
import type { ProviderRecord } from '../../src/schema/provider.ts';
import { loadEvidence } from '../../src/verdict/load.ts';
import { type Bundle, proofbox, runPython, scratch } from '../integration/product.ts';
import { validator } from '../schema/validator.ts';
import { chunk, DONE, type FakeProvider, json, type Script, startProvider, stream } from './provider.ts';

const KEY = 'sk-planted-0123456789abcdef0123456789';
const space = await scratch();
afterAll(() => space.remove());
const open: FakeProvider[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
async function provider(script: Script): Promise<FakeProvider> {
  const one = await startProvider(script);
  open.push(one);
  return one;
}

/** An engine that asks its model once in each dialect, then does as it was told. */
const AGENT = `
import json, os, urllib.request
def ask(base, path, body, **headers):
    request = urllib.request.Request(base + path, json.dumps(body).encode(), {"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.read().decode()
turns = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "mend it"}]}
text = ask(os.environ["OPENAI_BASE_URL"], "/chat/completions", turns, authorization="Bearer " + os.environ["OPENAI_API_KEY"])
words = "".join(json.loads(line[5:])["choices"][0]["delta"]["content"]
    for line in text.splitlines() if line.startswith("data: {"))
old, new = words.split(" -> ")
path = "interval/interval.py"
source = open(path).read()
open(path, "w").write(source.replace(old, new))
print(ask(os.environ["ANTHROPIC_BASE_URL"], "/v1/messages", turns, **{"x-api-key": os.environ["ANTHROPIC_API_KEY"]}))
`;
const REPAIR = ['point <= ', 'self.end', ' -> point < ', 'self.end'];
const mending: Script = (seen, response, number) => {
  const events = REPAIR.map((part) => chunk(part));
  const script =
    seen.url === '/v1/messages'
      ? json({ content: `done, ${seen.headers['x-api-key']}`, usage: { input_tokens: 7, output_tokens: 8 } })
      : stream([...events, chunk('', 'stop'), DONE]);
  script(seen, response, number);
};

/** Looks at all processes until it is interrupted, and prints in whose arguments or environment the key stood. */
const WATCH = `
import glob, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
key, found = sys.stdin.read().encode(), set()
try:
    while True:
        for name in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
            try:
                if key in open(name, "rb").read():
                    comm = open(name.rsplit("/", 1)[0] + "/comm").read().strip()
                    found.add(name.rsplit("/", 1)[1] + " " + comm)
            except OSError:
                pass
        time.sleep(0.02)
except KeyboardInterrupt:
    print(chr(10).join(sorted(found)))
`;

/** Every file below a folder, as one text. */
function allText(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

describe('an engine that needs a model', () => {
  test('P10 R7: streams from it through the gateway, network none, and the key is nowhere', async () => {
    const far = await provider(mending);
    // It says everything that it can see of itself and of others.
    const nosy = `${AGENT}
import subprocess
print(dict(os.environ), open("/proc/self/environ").read(), subprocess.run("ps auxeww; cat /proc/*/cmdline /proc/*/environ; env; find / -name '*sock*' 2>/dev/null", shell=True, capture_output=True, text=True).stdout)
`;
    const watching = execa('python3', ['-c', WATCH], { input: KEY, reject: false });
    const bundle = await runPython(
      space.dir,
      'py-interval',
      nosy,
      ['--provider', far.url, '--record', 'reads'],
      {
        PROOFBOX_PROVIDER_KEY: KEY,
      },
    );
    watching.kill('SIGINT');
    // Only the program that was given the key has it, and nobody's arguments do.
    expect((await watching).stdout).toMatch(/^environ node$/);
    expect(bundle.codes).toEqual([]);
    expect(bundle.report.status).toBe('passed');
    expect(far.seen.map(({ headers }) => headers['x-api-key'] ?? headers.authorization)).toEqual([
      `Bearer ${KEY}`,
      KEY,
    ]);
    const contract = await bundle.json<{ provider: unknown }>('contract.json');
    expect(contract.provider).toEqual({ mode: 'live', endpoint: `${far.url}/` });
    const cage = await bundle.cage();
    expect(cage.engine?.seen?.net_dev.match(/^\s*\w+(?=:)/gm)?.map((name) => name.trim())).toEqual(['lo']);
    const records = await bundle.lines<ProviderRecord>('provider.jsonl');
    const validate = validator('provider-record');
    for (const record of records) expect(validate(record) || validate.errors).toBe(true);
    expect(records).toMatchObject([
      { path: '/v1/chat/completions', outcome: 'ok' },
      { path: '/v1/messages', outcome: 'ok', tokens: { input: 7, output: 8 } },
    ]);
    // The answer that echoed the key reached the engine crossed out.
    expect(await bundle.read('backend/stdout.log')).toContain(`done, ${'x'.repeat(KEY.length)}`);
    const everything = allText(join(bundle.artifacts, '..')) + bundle.stdout + bundle.stderr;
    for (const form of [KEY, Buffer.from(KEY).toString('base64').slice(4, -4)])
      expect(everything.includes(form)).toBe(false);
    expect(existsSync(join(bundle.artifacts, 'inputs/provider.sock'))).toBe(false);
  });

  test('a recorded run is played back without a provider, to the same result', async () => {
    const far = await provider(mending);
    const cassette = join(space.dir, 'mend.cassette.jsonl');
    const first = await runPython(space.dir, 'py-interval', AGENT, [
      '--provider',
      `record:${cassette}=${far.url}`,
    ]);
    expect(first.report.status).toBe('passed');
    const asked = far.seen.length;
    const again = await runPython(space.dir, 'py-interval', AGENT, ['--provider', `replay:${cassette}`]);
    expect(again.report.status).toBe('passed');
    expect(far.seen.length).toBe(asked);
    expect(await again.read('patch.diff')).toBe(await first.read('patch.diff'));
    const digests = (await again.lines<ProviderRecord>('provider.jsonl')).map((one) => one.response_digest);
    expect((await first.lines<ProviderRecord>('provider.jsonl')).map((one) => one.response_digest)).toEqual(
      digests,
    );

    // Strict: one question more than the cassette knows fails the run, though the engine does not care.
    const curious = `${AGENT}
try: ask(os.environ["OPENAI_BASE_URL"], "/chat/completions", turns)
except Exception: pass
`;
    const more = await runPython(space.dir, 'py-interval', curious, ['--provider', `replay:${cassette}`]);
    expect(more.codes).toEqual(['provider_unavailable']);
    expect(more.exitCode).toBe(1);
  });

  const CARELESS = `${AGENT.replace('text = ask', 'try: ask').replace(/words = [\s\S]*/, '')}
except Exception as error: print(error)
source = open("interval/interval.py").read()
open("interval/interval.py", "w").write(source.replace("point <= self.end", "point < self.end"))
`;
  test.each<[string, Script | null]>([
    ['is not there', null],
    ['refuses', json({}, 403)],
    ['streams half an answer', stream([chunk('ha')], 'closed')],
    ['hangs up', (_, response) => void response.destroy()],
  ])('P10: a provider that %s: provider_unavailable, though the engine ends well', async (_, script) => {
    const url = script === null ? 'http://127.0.0.1:9' : (await provider(script)).url;
    const bundle = await runPython(space.dir, 'py-interval', CARELESS, ['--provider', url]);
    expect(bundle.report.usage).toBeDefined();
    expect(bundle.codes).toEqual(['provider_unavailable']);
    expect(bundle.exitCode).toBe(1);
  });

  test('a busy provider that answers the same question later is no failure', async () => {
    const far = await provider((seen, response, number) =>
      (number === 1 ? json({}, 429) : json({ ok: true }))(seen, response, number),
    );
    const patient = CARELESS.replace('except Exception', 'except ZeroDivisionError').replace(
      'try: ask',
      `
def twice(*a, **k):
    try: return ask(*a, **k)
    except Exception: return ask(*a, **k)
try: twice`,
    );
    const bundle = await runPython(space.dir, 'py-interval', patient, ['--provider', far.url]);
    expect(bundle.codes).toEqual([]);
    expect(far.seen).toHaveLength(2);
  });

  test('hanging providers end with the run, at its limit', async () => {
    const far = await provider(() => undefined);
    const bundle = await runPython(space.dir, 'py-interval', CARELESS, [
      '--provider',
      far.url,
      '--timeout',
      '2s',
    ]);
    expect(bundle.codes).toContain('timeout');
    expect((await bundle.lines<ProviderRecord>('provider.jsonl')).map((one) => one.outcome)).toEqual([
      'left',
    ]);
  });

  test('without --provider there is no socket, no port and no word of a provider', async () => {
    const bundle = await runPython(
      space.dir,
      'py-interval',
      'import os, socket; print(sorted(os.environ), os.listdir("/artifacts/inputs")); socket.create_connection(("127.0.0.1", 8099))',
    );
    expect(await bundle.read('backend/stdout.log')).not.toMatch(/OPENAI|ANTHROPIC|sock/);
    expect(await bundle.read('backend/stderr.log')).toMatch(/refused/);
    expect(existsSync(join(bundle.artifacts, 'provider.jsonl'))).toBe(false);
  });
});

describe('what a hostile engine does to the way to its model', () => {
  const OTHERWISE = `
source = open("interval/interval.py").read()
open("interval/interval.py", "w").write(source.replace("point <= self.end", "point < self.end"))
`;
  test.each<[string, string, string[]]>([
    ['removes the socket', 'import os; os.unlink("/artifacts/inputs/provider.sock")', []],
    [
      'puts a folder in its place',
      'import os; os.unlink("/artifacts/inputs/provider.sock"); os.mkdir("/artifacts/inputs/provider.sock")',
      ['forged_artifact'],
    ],
    [
      'puts a link to the host in its place',
      'import os; os.unlink("/artifacts/inputs/provider.sock"); os.symlink("/etc/passwd", "/artifacts/inputs/provider.sock")',
      [],
    ],
    ['plants provider.jsonl', 'open("/artifacts/provider.jsonl", "w").write("{}")', ['forged_artifact']],
    [
      'moves the inputs away',
      'import os; os.rename("/artifacts/inputs", "/artifacts/elsewhere"); os.mkdir("/artifacts/inputs")',
      ['forged_artifact'],
    ],
    [
      'opens 200 connections and says nothing',
      'import socket\nall = [socket.create_connection(("127.0.0.1", 8099)) for _ in range(200)]',
      [],
    ],
    [
      'speaks no HTTP',
      'import socket, os\none = socket.create_connection(("127.0.0.1", 8099)); one.sendall(os.urandom(100000))',
      [],
    ],
  ])('%s', async (_, act, codes) => {
    const far = await provider(json({}));
    const bundle = await runPython(space.dir, 'py-interval', `${act}\n${OTHERWISE}`, ['--provider', far.url]);
    expect(bundle.codes).toEqual(codes);
    expect(far.seen).toEqual([]);
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root');
  });
});

describe('P8: the record of the traffic', () => {
  let bundle: Bundle;
  const verdictAfter = async (alter: (dir: string) => void) => {
    if (bundle === undefined) {
      const far = await provider(mending);
      bundle = await runPython(space.dir, 'py-interval', AGENT, ['--provider', far.url]);
    }
    const dir = mkdtempSync(join(space.dir, 'altered-'));
    cpSync(bundle.artifacts, dir, { recursive: true });
    alter(dir);
    const { status, blockers } = evaluate(await loadEvidence(dir, await inventory(dir)));
    rmSync(dir, { recursive: true });
    return { status, codes: blockers.map(({ code }) => code) };
  };
  const edit = (change: (text: string) => string) => (dir: string) => {
    const path = join(dir, 'provider.jsonl');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  };

  test('the control: as it is, it passes', async () => {
    expect(await verdictAfter(() => undefined)).toEqual({ status: 'passed', codes: [] });
  });
  test.each<[string, (dir: string) => void]>([
    ['removed', (dir) => rmSync(join(dir, 'provider.jsonl'))],
    ['emptied', edit(() => '')],
    ['without its first line', edit((text) => text.slice(text.indexOf('\n') + 1))],
    ['without its last line', edit((text) => `${text.split('\n')[0]}\n`)],
    ['of another run', edit((text) => text.replace(/"nonce":"[0-9a-f]+"/, `"nonce":"${'0'.repeat(32)}"`))],
    ['with a line twice', edit((text) => text + text.split('\n')[1])],
    ['with half a line', edit((text) => text.slice(0, -40))],
  ])('%s never passes', async (_, alter) => {
    const { status, codes } = await verdictAfter(alter);
    expect(status).toBe('failed');
    expect(codes).toContain('evidence_incomplete');
  });
  test('with an answer that failed: provider_unavailable', async () => {
    const failed = edit((text) => text.replace('"outcome":"ok"', '"outcome":"rejected"'));
    expect((await verdictAfter(failed)).codes).toEqual(['provider_unavailable']);
  });
});

test.each([
  ['nonsense', /no address/],
  ['replay:/nowhere', /does not exist/],
])('--provider %s: exit 2, nothing started, nothing left', async (text, message) => {
  const out = join(space.dir, 'none');
  const { exitCode, stderr } = await proofbox(['run', 'py-interval', '--provider', text, '--out', out]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  expect(existsSync(out)).toBe(false);
});
