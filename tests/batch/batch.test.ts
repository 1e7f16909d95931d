/** `proofbox batch` as a user drives it: real runs, a real kill, the same command again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import type { BatchReport } from '../../src/schema/batch.ts';
import type { RunDocument } from '../../src/schema/run.ts';
import { requireBothHold } from '../integration/both-verifiers.ts';
import { ledgerIn, proofbox, scratch } from '../integration/product.ts';
import { validator } from '../schema/validator.ts';

const space = await scratch();
afterAll(() => space.remove());

const FAKE = { id: 'fake', engine: 'fake' };
const IDLE = { id: 'idle', engine: 'command', command: ['true'] };
const SLOW = { id: 'slow', engine: 'command', command: ['sleep', '2'] };

let next = 0;
/** A folder with this manifest in it, and how to run it. */
function prepared(manifest: object) {
  next += 1;
  const folder = join(space.dir, `batch-${next}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ schema: 'proofbox.batch/v1', ...manifest }));
  const out = join(folder, 'out');
  const args = (more: string[]) => ['batch', 'manifest.json', '--out', out, ...more];
  const batch = async (more: string[] = []) => {
    const outcome = await proofbox(args(['--json', ...more]), { cwd: folder });
    return {
      ...outcome,
      report: outcome.exitCode === 2 ? null : (JSON.parse(outcome.stdout) as BatchReport),
    };
  };
  const started = () =>
    spawn('node', [join(PACKAGE_ROOT, 'dist/cli/main.js'), ...args([])], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  const log = () => readFileSync(join(out, 'batch.jsonl'), 'utf8').trimEnd().split('\n');
  return { folder, out, batch, started, log };
}

function runDocument(out: string, key: string): RunDocument {
  return JSON.parse(readFileSync(join(out, 'runs', key, 'artifacts/run.json'), 'utf8')) as RunDocument;
}

async function leftover(): Promise<unknown[]> {
  const all = await new Docker().listContainers({ all: true, filters: { label: ['io.proofbox.run'] } });
  return all.filter(({ Labels }) => Labels['io.proofbox.run']?.startsWith('batch'));
}

test('R14: every run makes its own tests where the manifest says so', async () => {
  const { out, batch } = prepared({
    fixtures: ['py-interval'],
    engines: [FAKE],
    repeats: 2,
    concurrency: 1,
    tests_before: 'each',
  });
  expect((await batch()).exitCode).toBe(0);
  for (const key of ['py-interval.fake.1', 'py-interval.fake.2'])
    expect(runDocument(out, key).tests_before).toBeNull();
}, 60_000);

describe('a batch', () => {
  const { out, batch, log } = prepared({
    fixtures: ['py-interval', 'fail-failed-tests'],
    engines: [FAKE, IDLE],
    repeats: 2,
    concurrency: 3,
  });

  test('makes every run, each with a bundle that both verifiers hold, and ends with the exit code of the worst', async () => {
    const { exitCode, report } = await batch();
    expect(exitCode).toBe(1);
    expect(report).toMatchObject({ asked: 8, runs: 8, passed: 2, failed: 6, not_run: 0, exit_code: 1 });
    // As the fixtures expect it, with the lane they were written for.
    expect(report?.as_expected).toBe(4);
    const cells = report?.cells.map(({ fixture, engine, runs, passed }) => [fixture, engine, runs, passed]);
    expect(cells).toEqual([
      ['py-interval', 'fake', 2, 2],
      ['py-interval', 'idle', 2, 0],
      ['fail-failed-tests', 'fake', 2, 0],
      ['fail-failed-tests', 'idle', 2, 0],
    ]);
    for (const { key, fixture } of report?.all ?? []) await requireBothHold(join(out, 'runs', key), fixture);
    expect(await leftover()).toEqual([]);
  }, 180_000);

  test('R14: the later runs of a fixture have the tests before the engine from the first that made them', () => {
    for (const fixture of ['py-interval', 'fail-failed-tests']) {
      const keys = ['fake.1', 'idle.1', 'fake.2', 'idle.2'].map((run) => `${fixture}.${run}`);
      const runs = keys.map((key) => runDocument(out, key));
      const lenders = runs.flatMap(({ tests_before: named }) => named?.run_id ?? []);
      expect(runs[0]?.tests_before).toBeNull();
      expect(new Set(lenders).size).toBe(1);
      expect(runs.map(({ run_id: id }) => id)).toContain(lenders[0]);
    }
  });

  test('leaves a summary in four forms that say the same', () => {
    const report = JSON.parse(readFileSync(join(out, 'batch.json'), 'utf8')) as BatchReport;
    const validate = validator('batch-report');
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(readFileSync(join(out, 'batch.md'), 'utf8')).toContain('# 2 of 8 runs passed, 6 did not');
    const page = readFileSync(join(out, 'batch.html'), 'utf8');
    expect(page).toContain('2 of 8 runs passed, 6 did not');
    expect(page).not.toMatch(/<script/i);
    const xml = readFileSync(join(out, 'batch.xml'), 'utf8');
    expect(xml.match(/<testcase /g)).toHaveLength(8);
    expect(xml.match(/<failure /g)).toHaveLength(6);
  });

  test('enters every run in a ledger that holds', async () => {
    expect(await ledgerIn(join(out, 'runs'))).toMatchObject({ exitCode: 0, runs: 8 });
  });

  test('asked for again, runs nothing again', async () => {
    const before = log();
    const { report } = await batch();
    expect(log()).toEqual(before);
    expect(report).toMatchObject({ runs: 8, passed: 2 });
  });

  test('runs again what was altered or removed since, keeps the altered one, and nothing else', async () => {
    const before = log();
    const altered = join(out, 'runs/py-interval.fake.1');
    writeFileSync(join(altered, 'artifacts/digests.json'), '{}');
    rmSync(join(out, 'runs/py-interval.fake.2'), { recursive: true });
    const { report, stderr } = await batch();
    expect(log()).toHaveLength(before.length + 2);
    expect(report).toMatchObject({ runs: 8, passed: 2 });
    expect(stderr).toContain('py-interval.fake.1 had not ended as it must');
    expect(readdirSync(join(out, 'set-aside'))).toEqual(['py-interval.fake.1-1']);
    await requireBothHold(altered, 'py-interval');
  }, 60_000);

  test('goes on after a log whose last line a kill cut short, and adopts the whole bundle it spoke of', async () => {
    const file = join(out, 'batch.jsonl');
    const text = readFileSync(file, 'utf8');
    const lines = text.trimEnd().split('\n');
    const { key } = JSON.parse(lines.at(-1) ?? '') as { key: string };
    const kept = lines.filter((line) => !line.includes(`"${key}"`));
    writeFileSync(file, `${kept.join('\n')}\n${lines.at(-1)?.slice(0, 40)}`);
    const run = runDocument(out, key);
    const { report } = await batch();
    expect(report?.runs).toBe(8);
    expect(report?.all.find((one) => one.key === key)?.run_id).toBe(run.run_id);
    const ledger = readFileSync(join(out, 'runs/ledger.jsonl'), 'utf8');
    // Entered once, not once more for having been found.
    expect(ledger.split(run.run_id)).toHaveLength(2);
  });

  test('refuses the folder of another manifest', async () => {
    const other = prepared({ fixtures: ['py-interval'], engines: [FAKE] });
    const { exitCode, stderr } = await proofbox(['batch', 'manifest.json', '--out', out], {
      cwd: other.folder,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('the log of another manifest');
  });
});

describe('a batch that is stopped', () => {
  test('by SIGKILL: the same command seals what was half done, runs it again, and nothing finished twice', async () => {
    const { out, batch, started, log } = prepared({
      fixtures: ['py-interval'],
      engines: [FAKE, SLOW],
      repeats: 3,
      concurrency: 2,
    });
    const child = started();
    const over = once(child, 'exit');
    const file = join(out, 'batch.jsonl');
    for (let n = 0; n < 600 && !(existsSync(file) && log().length > 1); n += 1) await sleep(50);
    await sleep(300);
    child.kill('SIGKILL');
    await over;
    const finished = log()
      .slice(1)
      .map((line) => JSON.parse(line) as { key: string; run_id: string });
    expect(finished.length).toBeGreaterThan(0);
    const { report } = await batch();
    expect(report).toMatchObject({ asked: 6, runs: 6, passed: 3, not_run: 0 });
    for (const { key, run_id: id } of finished)
      expect(report?.all.find((one) => one.key === key)?.run_id).toBe(id);
    for (const { key } of report?.all ?? []) await requireBothHold(join(out, 'runs', key), 'py-interval');
  }, 180_000);

  test('by SIGINT: it ends with 130, says what is open, and leaves no container', async () => {
    const { out, started, batch } = prepared({
      fixtures: ['py-interval'],
      engines: [SLOW],
      repeats: 4,
      concurrency: 1,
    });
    const child = started();
    let stderr = '';
    child.stderr.on('data', (part) => {
      stderr += part;
    });
    const over = once(child, 'exit') as Promise<[number | null]>;
    for (let n = 0; n < 600 && !existsSync(join(out, 'runs/py-interval.slow.1/workspace')); n += 1)
      await sleep(50);
    await sleep(500);
    child.kill('SIGINT');
    const [code] = await over;
    expect(code).toBe(130);
    expect(stderr).toContain('the same command goes on where this one stopped');
    const report = JSON.parse(readFileSync(join(out, 'batch.json'), 'utf8')) as BatchReport;
    expect(report.not_run).toBeGreaterThan(0);
    const again = await batch();
    expect(again.report).toMatchObject({ runs: 4, interrupted: 0, not_run: 0 });
  }, 180_000);

  test('by its first failure where it was told so', async () => {
    const { batch } = prepared({
      fixtures: ['py-interval'],
      engines: [IDLE],
      repeats: 5,
      concurrency: 1,
      on_failure: 'fail_fast',
    });
    const { exitCode, report } = await batch();
    expect(exitCode).toBe(1);
    expect(report).toMatchObject({ runs: 1, failed: 1, not_run: 4 });
    const kept = await batch(['--keep-going']);
    expect(kept.report).toMatchObject({ runs: 5, failed: 5, not_run: 0 });
  }, 180_000);

  test('by another batch in the same folder: one sentence, and the first goes on', async () => {
    const { out, started, folder } = prepared({
      fixtures: ['py-interval'],
      engines: [SLOW],
      repeats: 5,
      concurrency: 1,
    });
    const child = started();
    const over = once(child, 'exit') as Promise<[number | null]>;
    for (let n = 0; n < 600 && !existsSync(join(out, 'batch.jsonl')); n += 1) await sleep(50);
    const second = await proofbox(['batch', 'manifest.json', '--out', out], { cwd: folder });
    expect(second.exitCode).toBe(2);
    expect(second.stderr).toContain('another batch is at work');
    expect((await over)[0]).toBe(1);
  }, 120_000);
});

describe('a manifest that cannot be used', () => {
  test.each([
    ['no such fixture', { fixtures: ['nowhere'], engines: [FAKE] }, /fixture nowhere does not exist/],
    ['an unknown key', { fixtures: ['py-interval'], engines: [FAKE], repeat: 3 }, /repeat/],
    ['no engine', { fixtures: ['py-interval'], engines: [] }, /engines/],
    [
      'an engine without its program',
      { fixtures: ['py-interval'], engines: [{ id: 'a', engine: 'command' }] },
      /needs a program/,
    ],
    ['two engines of one name', { fixtures: ['py-interval'], engines: [FAKE, FAKE] }, /would both be called/],
    ['a name that is a path', { fixtures: ['py-interval'], engines: [{ ...FAKE, id: '../x' }] }, /id/],
  ])('%s: exit 2 and one sentence, nothing started', async (_, manifest, says) => {
    const { out, folder } = prepared(manifest);
    const outcome = await proofbox(['batch', 'manifest.json', '--out', out], { cwd: folder });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stderr).toMatch(says);
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(out, 'runs'))).toBe(false);
  });
});
