/** Real agents from the npm registry, which know nothing of proofbox, reach a model through the gateway. */
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { loadFixture } from '../../src/contract/fixture.ts';
import { scriptedSource } from '../../src/gateway/scripted.ts';
import type { ProviderRecord } from '../../src/schema/provider.ts';
import { proofbox, run, scratch } from '../integration/product.ts';
import { startProvider } from './provider.ts';

const space = await scratch();
afterAll(() => space.remove());

const PI = '@mariozechner/pi-coding-agent@0.63.2';
/** Its configuration lets a provider that it knows by name be led elsewhere. */
const START = `
mkdir -p ~/.pi/agent
cat > ~/.pi/agent/models.json <<END
{"providers": {"openai": {"baseUrl": "$OPENAI_BASE_URL", "api": "openai-completions", "apiKey": "OPENAI_API_KEY", "models": [{"id": "some-model"}]}}}
END
exec pi --print --no-session --provider openai --model some-model "$(cat /artifacts/inputs/task.md)"
`;

test('the agent that Case is built on edits a fixture, recorded once and played back without a provider', {
  timeout: 300_000,
}, async () => {
  const { fixture } = await loadFixture('py-interval', FIXTURES_DIR);
  const model = scriptedSource(fixture.fake?.steps ?? []);
  const far = await startProvider(async ({ method, url, body }, response) => {
    const { signal } = new AbortController();
    const answer = await model.ask({ method, path: url, url, headers: {}, body: Buffer.from(body), signal });
    response.writeHead(answer.status, { 'content-type': answer.contentType });
    answer.body.pipe(response);
  });
  const cassette = join(space.dir, 'pi.jsonl');
  const flags = (provider: string) => [
    'py-interval',
    '--engine',
    'command',
    '--npm',
    PI,
    '--provider',
    provider,
  ];
  const play = (provider: string) => run(space.dir, [...flags(provider), '--', 'sh', '-c', START]);

  const first = await play(`record:${cassette}=${far.url}`);
  await far.close();
  expect(first.codes).toEqual([]);
  expect(first.report.changed_files.map(({ path }) => path)).toEqual(['interval/interval.py']);
  expect(first.report.tools?.packages).toEqual([PI]);
  expect(far.seen.length).toBeGreaterThan(1);
  expect(far.seen[0]?.headers.authorization).toBeUndefined();

  const again = await play(`replay:${cassette}`);
  expect(again.codes).toEqual([]);
  expect(await again.read('patch.diff')).toBe(await first.read('patch.diff'));
  const traffic = await again.lines<ProviderRecord>('provider.jsonl');
  expect(traffic.map(({ outcome }) => outcome)).toEqual(far.seen.map(() => 'ok'));
  expect(again.report.image).toEqual(first.report.image);

  const stopped = await play('http://127.0.0.1:9');
  expect(stopped.codes).toContain('provider_unavailable');
});

test.each([
  [['--npm', 'pi'], /no package with an exact version/],
  [['--npm', 'pi@latest'], /no package with an exact version/],
  [['--npm', 'pi@file:/etc'], /no package with an exact version/],
  [['--npm', '../x@1.0.0'], /no package with an exact version/],
])('%j: exit 2', async (flags, message) => {
  const { exitCode, stderr } = await proofbox([
    'run',
    'py-interval',
    '--engine',
    'command',
    ...flags,
    '--',
    'true',
  ]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});

test('a package that is not there: exit 4, in one sentence', async () => {
  const args = [
    'run',
    'py-interval',
    '--engine',
    'command',
    '--npm',
    '@proofbox/no-such-agent@1.0.0',
    '--',
    'true',
  ];
  const { exitCode, stderr } = await proofbox(args);
  expect(exitCode).toBe(4);
  expect(stderr).toMatch(/cannot be fetched/);
});

test('--npm with another engine: exit 2', async () => {
  const { exitCode, stderr } = await proofbox(['run', 'py-interval', '--npm', PI]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/the engine is fake/);
});
