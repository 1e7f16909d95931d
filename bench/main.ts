/** `npm run bench`: measures, prints, and with --write keeps the figures in bench/RESULTS.md and bench/results.json. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import Docker from 'dockerode';
import { dockerVersions } from '#src/docker/versions.ts';
import { jsonDocument } from '#src/evidence/json.ts';
import { PACKAGE_ROOT } from '#src/package-root.ts';
import { type Measure, type Result, take } from './measure.ts';
import { BATCH_MEASURE } from './measures/batch.ts';
import { FLOOD_MEASURE } from './measures/flood.ts';
import { RECORDER_MEASURES } from './measures/recorder.ts';
import { TREES_MEASURE } from './measures/trees.ts';
import { VERIFY_MEASURE } from './measures/verify.ts';
import { WHOLE_MEASURES } from './measures/whole.ts';
import { type Machine, table } from './render.ts';

const MEASURES: Measure[] = [
  ...WHOLE_MEASURES,
  ...RECORDER_MEASURES,
  BATCH_MEASURE,
  TREES_MEASURE,
  FLOOD_MEASURE,
  VERIFY_MEASURE,
].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));

const RESULTS = join(PACKAGE_ROOT, 'bench/results.json');
const PAGE = join(PACKAGE_ROOT, 'bench/RESULTS.md');

interface Options {
  only: string[];
  rounds?: string;
  write?: boolean;
}

const { only, rounds, write } = new Command('bench')
  .option('--only <id...>', 'these measures alone, such as B3', [])
  .option('--rounds <number>', 'of each measure, beside one to warm up')
  .option('--write', 'keep the figures in bench/RESULTS.md and bench/results.json')
  .parse()
  .opts<Options>();

const chosen = MEASURES.filter(({ id }) => only.length === 0 || only.includes(id));
if (chosen.length === 0) throw new Error(`choose of ${MEASURES.map(({ id }) => id).join(', ')}`);

const folder = await mkdtemp(join(tmpdir(), 'proofbox-bench-'));
const results: Result[] = [];
try {
  for (const measure of chosen) {
    process.stderr.write(`${measure.id}  ${measure.title}\n`);
    results.push(await take(measure, folder, rounds === undefined ? null : Number(rounds)));
    process.stderr.write(`${table(results.slice(-1), await machine()).split('\n')[2]}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const text = table(results, await machine());
process.stdout.write(`${text}\n`);
if (write === true) {
  const kept = await readFile(RESULTS, 'utf8').then(JSON.parse, () => ({ results: [] }));
  const others = (kept.results as Result[]).filter(({ id }) => !results.some((one) => one.id === id));
  const all = [...others, ...results].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
  await writeFile(RESULTS, jsonDocument({ machine: await machine(), results: all }));
  await writeFile(
    PAGE,
    `# Results\nWritten by \`npm run bench -- --write\`.\n\n${table(all, await machine())}`,
  );
}

async function machine(): Promise<Machine> {
  const { engine, runc } = await dockerVersions(new Docker());
  return {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    docker: engine,
    runc,
    node: process.versions.node,
  };
}
