/** `npm run bench`: measures, prints, keeps the figures with --write, and with --check holds them against the kept ones. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import Docker from 'dockerode';
import { dockerVersions } from '#src/docker/versions.ts';
import { jsonDocument } from '#src/evidence/json.ts';
import { PACKAGE_ROOT } from '#src/package-root.ts';
import { compare } from './compare.ts';
import { grow } from './growth.ts';
import { type Measure, take } from './measure.ts';
import { BATCH_MEASURES } from './measures/batch.ts';
import { FLOOD_MEASURE } from './measures/flood.ts';
import { GROWTHS } from './measures/growth.ts';
import { LOSS_MEASURE } from './measures/loss.ts';
import { RECORDER_MEASURES } from './measures/recorder.ts';
import { STOP_MEASURES } from './measures/stops.ts';
import { TREES_MEASURE } from './measures/trees.ts';
import { VERIFY_MEASURE } from './measures/verify.ts';
import { WHOLE_MEASURES } from './measures/whole.ts';
import { plot } from './plot.tsx';
import { growthTable, machineLine, page, table } from './render.ts';
import { byId, type Machine, merged, type Results, readResults } from './results.ts';

const MEASURES: Measure[] = [
  ...WHOLE_MEASURES,
  ...RECORDER_MEASURES,
  ...STOP_MEASURES,
  LOSS_MEASURE,
  ...BATCH_MEASURES,
  TREES_MEASURE,
  FLOOD_MEASURE,
  VERIFY_MEASURE,
].sort(byId);

const RESULTS = join(PACKAGE_ROOT, 'bench/results.json');
const PAGE = join(PACKAGE_ROOT, 'bench/RESULTS.md');
const PLOT = 'growth.svg';

interface Options {
  only: string[];
  rounds?: string;
  write?: boolean;
  check?: boolean;
}

const { only, rounds, write, check } = new Command('bench')
  .option('--only <id...>', 'these measures alone, such as B3 or files', [])
  .option('--rounds <number>', 'of each measure, beside one to warm up')
  .option('--write', 'keep the figures in bench/results.json, bench/RESULTS.md and a plot')
  .option('--check', 'exit 1 where a ratio is worse than the kept one by more than the noise of both')
  .parse()
  .opts<Options>();

// B11 asks for all that stand below it, such as B11.2, too.
const isNamed = (name: string, id: string) => id === name || id.startsWith(`${name}.`);
const isChosen = ({ id }: { id: string }) => only.length === 0 || only.some((name) => isNamed(name, id));
const known = [...MEASURES, ...GROWTHS].map(({ id }) => id);
const unknown = only.filter((name) => !known.some((id) => isNamed(name, id)));
const asked = rounds === undefined ? null : Number(rounds);
const kept = await readResults(RESULTS);
if (unknown.length > 0) stop(`there is no measure ${unknown.join(', ')}; choose of ${known.join(', ')}`);
if (asked !== null && !(Number.isSafeInteger(asked) && asked > 0))
  stop('--rounds takes a whole number above 0');
if (check === true && kept === null) stop('no figures are kept; keep some with --write first');

const folder = await mkdtemp(join(tmpdir(), 'proofbox-bench-'));
const now: Results = { machine: await machine(), results: [], growth: [] };
try {
  for (const measure of MEASURES.filter(isChosen)) {
    process.stderr.write(`${measure.id}  ${measure.title}\n`);
    now.results.push(await take(measure, folder, asked));
    await keep();
    process.stderr.write(`${table(now.results.slice(-1)).split('\n')[2]}\n`);
  }
  for (const growth of GROWTHS.filter(isChosen)) {
    process.stderr.write(`${growth.id}  ${growth.title}\n`);
    now.growth.push(await grow(growth, folder, asked));
    await keep();
    process.stderr.write(`${growthTable(now.growth.slice(-1)).split('\n')[2]}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (now.results.length > 0) process.stdout.write(`${table(now.results)}\n`);
if (now.growth.length > 0) process.stdout.write(`${growthTable(now.growth)}\n`);
process.stdout.write(machineLine(now.machine));
if (check === true && kept !== null) report(kept);

/** After each measure: a later one that breaks must not cost an hour of figures. */
async function keep(): Promise<void> {
  if (write !== true) return;
  const all = merged(kept, now);
  await writeFile(RESULTS, jsonDocument(all));
  if (all.growth.length > 0) await writeFile(join(PACKAGE_ROOT, 'bench', PLOT), plot(all.growth));
  await writeFile(PAGE, page(all, PLOT));
}

function report(before: Results): void {
  const { worse, uncompared } = compare(before, now);
  for (const line of worse) process.stdout.write(`worse: ${line}\n`);
  if (uncompared.length > 0)
    process.stdout.write(`not compared, nothing is kept of: ${uncompared.join(', ')}\n`);
  if (worse.length === 0)
    process.stdout.write('nothing is worse than what was kept by more than the noise of both\n');
  else process.exitCode = 1;
}

function stop(message: string): never {
  process.stderr.write(`error: ${message}\n`);
  process.exit(2);
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
