/**
 * Real runs of a fleet on this machine: workers together against each alone, and how fast one batch verifies. Prints figures;
 * docs/fleet.md quotes them. Needs Docker, the sandbox image and nats-server. `npm run bench:fleet-runs -- [RUNS]`.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { newKeyPair } from '../src/attest/keys.ts';
import { end, said, start, startNats } from './children.ts';
import { MAIN } from './peers.ts';

const PORT = 14334;
const URL = `nats://127.0.0.1:${PORT}`;
const NAMES = ['first', 'second'];

const folder = mkdtempSync(join(tmpdir(), 'proofbox-fleet-bench-'));
const runs = Number(process.argv[2] ?? 40);

/** Everything that was started beside the server and must be ended. */
const children: ChildProcess[] = [];

async function main(): Promise<void> {
  const server = await startNats(PORT, join(folder, 'nats'));
  try {
    await measure();
  } finally {
    for (const child of [...children].reverse()) await end(child);
    await end(server);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(): Promise<void> {
  for (const name of NAMES) writeKeys(name);
  const manifest = join(folder, 'manifest.json');
  const engines = [{ id: 'fake', engine: 'fake' }];
  writeFileSync(
    manifest,
    JSON.stringify({ schema: 'proofbox.batch/v1', fixtures: ['py-interval'], engines, repeats: runs }),
  );
  console.log(
    `${cpus().length} processors for workers, Docker, nats-server and batch; ${runs} runs of fake each time`,
  );
  const alone: number[] = [];
  for (const name of NAMES)
    alone.push(await show(`${name} worker alone, one run at a time`, [[name, 1]], manifest));
  const one = await show('one worker, two runs at a time', [['first', 2]], manifest);
  const together = await show(
    'two workers, one run at a time each',
    NAMES.map((name) => [name, 1]),
    manifest,
    ['--keep-bundles'],
  );
  const here = await rate(['batch', manifest, '--out', join(folder, 'here'), '--concurrency', '2']);
  console.log(`no fleet: this host, two runs at a time: ${here.perSecond.toFixed(2)} runs a second`);
  const sum = alone.reduce((a, b) => a + b, 0);
  console.log(`two workers together make ${(together / sum).toFixed(2)} of the sum of both alone`);
  console.log(
    `two workers together make ${(together / one).toFixed(2)} of one worker with two runs at a time: what is lost there is the fleet's, and not the processors'`,
  );
  // The bundles of the last batch again, in another folder: nothing but fetching, verifying and counting is left to do.
  const joined = await rate([...batchWords(manifest, 'joined'), '--join', lastBatch, '--keep-bundles']);
  console.log(
    `one batch fetches, verifies and counts ${joined.perSecond.toFixed(1)} runs a second, with ${(joined.processorSeconds / runs).toFixed(2)} processor seconds a run`,
  );
}

/** Each has a key, which is also how a batch knows it. */
function writeKeys(name: string): void {
  const { privatePem, publicPem } = newKeyPair('ed25519');
  writeFileSync(join(folder, `${name}.key`), privatePem, { mode: 0o600 });
  writeFileSync(join(folder, `${name}.pub`), publicPem);
}

let lastBatch = '';

function batchWords(manifest: string, out: string): string[] {
  const admitted = NAMES.flatMap((name) => ['--admit-worker', join(folder, `${name}.pub`)]);
  return ['batch', manifest, '--nats', URL, '--out', join(folder, out), ...admitted];
}

/** Runs a second of one batch with these workers. */
async function show(
  what: string,
  workers: [name: string, concurrency: number][],
  manifest: string,
  more: string[] = [],
): Promise<number> {
  const started: ChildProcess[] = [];
  for (const [name, concurrency] of workers) {
    const cwd = join(folder, `worker-${name}`);
    mkdirSync(cwd, { recursive: true });
    const words = ['worker', '--nats', URL, '--sign', join(folder, `${name}.key`), '--name', name];
    const child = start('node', [MAIN, ...words, '--concurrency', String(concurrency)], cwd);
    children.push(child);
    await said(child, `worker ${name}:`);
    started.push(child);
  }
  const { perSecond } = await rate([...batchWords(manifest, what.replaceAll(/\W+/g, '-')), ...more]);
  for (const child of started) await end(child);
  console.log(`${what}: ${perSecond.toFixed(2)} runs a second`);
  return perSecond;
}

/** From the first run that a batch counts to its last: neither starting nor the first run's own time is in it. */
async function rate(words: string[]): Promise<{ perSecond: number; processorSeconds: number }> {
  const child = start('sh', ['-c', 'node "$@"; code=$?; times >&2; exit $code', 'sh', MAIN, ...words]);
  children.push(child);
  const counted: number[] = [];
  const tail: string[] = [];
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  lines.on('line', (line) => {
    if (/^ *\d+\/\d+ {2}/.test(line)) counted.push(performance.now());
    const [, batch] = /^batch ([0-9a-f]{32}):/.exec(line) ?? [];
    if (batch !== undefined) lastBatch = batch;
    tail.push(line);
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0 || counted.length !== runs) throw new Error(`no batch to measure:\n${tail.join('\n')}`);
  const seconds = ((counted.at(-1) ?? 0) - (counted[0] ?? 0)) / 1000;
  // The second line of `times`: user and system time of what the shell has started.
  const used = [...(tail.at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, m, s]) => Number(m) * 60 + Number(s),
  );
  return { perSecond: (runs - 1) / seconds, processorSeconds: used.reduce((a, b) => a + b, 0) };
}

await main();
