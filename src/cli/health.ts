/** `proofbox health`: is everything here as it must be. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import pc from 'picocolors';
import { fixtureNames, loadFixture } from '../contract/fixture.ts';
import { examine } from '../docker/doctor.ts';
import { EXIT } from '../errors.ts';
import { playFixtures } from '../health/fixtures.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { checkPrd } from '../prd/check.ts';
import { visible } from '../report/untrusted.ts';
import type { Health } from '../schema/health.ts';
import { runStage1 } from '../stage1/run.ts';
import { printJson, say } from './output.ts';
import { FIXTURES_DIR } from './paths.ts';
import { type SharedOptions, withShared } from './shared.ts';

type Part = Health['parts'][number];
type Outcome = Omit<Part, 'id' | 'ms'>;

const DAY_MS = 24 * 3_600_000;

/** Exit code 0 where all is well, 4 where this host cannot make cages, 1 where something else is wrong. */
export async function health(options: SharedOptions): Promise<void> {
  const parts: Part[] = [];
  const look = async (id: Part['id'], act: () => Promise<Outcome>) => {
    const began = performance.now();
    const outcome = await act();
    const part = { id, ...outcome, ms: Math.round(performance.now() - began) };
    parts.push(part);
    if (options.json !== true) print(part);
  };
  await look('doctor', doctor);
  await look('prd', prd);
  const canRun = parts[0]?.status === 'ok';
  if (canRun) {
    await withShared(options, async (shared) => {
      await look('stage1', async () => {
        const { document, directory } = await runStage1({ ...shared, validForMs: DAY_MS });
        const bad = document.probes.filter(({ verdict }) => verdict !== 'held');
        return outcome(`${document.probes.length} attempts, evidence in ${directory}`, [
          ...document.problems,
          ...bad.map(({ id, verdict, found }) => `${verdict}: ${id}: ${found}`),
        ]);
      });
      await look('fixtures', async () => {
        const names = await fixtureNames(FIXTURES_DIR);
        const fixtures = await Promise.all(names.map((name) => loadFixture(name, FIXTURES_DIR)));
        const { directory, problems } = await playFixtures(shared, fixtures, () => undefined);
        return outcome(
          `${fixtures.length} fixtures with the default lane, evidence in ${directory}`,
          problems,
        );
      });
    });
  }
  const healthy = canRun && parts.every(({ status }) => status !== 'failed');
  const document: Health = { schema: 'proofbox.health/v1', healthy, parts };
  if (options.json === true) printJson(document);
  else say(healthy ? pc.green(pc.bold('HEALTHY')) : pc.red(pc.bold('NOT HEALTHY')));
  process.exitCode = !canRun ? EXIT.host : healthy ? EXIT.passed : EXIT.failed;
}

async function doctor(): Promise<Outcome> {
  const checks = await examine();
  const failed = checks.filter(({ status }) => status === 'fail');
  return outcome(
    `${checks.length} checks of this host`,
    failed.map(({ id, found, fix }) => `${id}: ${found}${fix === null ? '' : `; ${fix}`}`),
  );
}

/** An installed package carries no tests, and so nothing that its planning documents could be held against. */
async function prd(): Promise<Outcome> {
  const isCheckout = await access(join(PACKAGE_ROOT, 'tests')).then(
    () => true,
    () => false,
  );
  if (!isCheckout)
    return { status: 'not_run', detail: 'this is no checkout: it holds no tests', problems: [] };
  const { documents, requirements } = await checkPrd(PACKAGE_ROOT);
  return outcome(`${requirements.length} requirements`, [
    ...documents.flatMap(({ file, problems }) => problems.map((problem) => `${file} ${problem}`)),
    ...requirements.flatMap(({ id, problems }) => problems.map((problem) => `${id}: ${problem}`)),
  ]);
}

function outcome(detail: string, problems: string[]): Outcome {
  return { status: problems.length === 0 ? 'ok' : 'failed', detail, problems };
}

function print({ id, status, detail, problems, ms }: Part): void {
  const mark = { ok: pc.green('✔'), failed: pc.red('✖'), not_run: pc.dim('–') }[status];
  say(`  ${mark} ${id.padEnd(9)} ${(ms / 1000).toFixed(1).padStart(5)} s  ${visible(detail)}`);
  for (const problem of problems) say(`    ${visible(problem)}`);
}
