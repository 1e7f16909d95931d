/** The summary of a batch, without a run. */
import { expect, test } from 'vitest';
import { planRuns } from '../../src/batch/plan.ts';
import { summarize, worst } from '../../src/batch/summary.ts';
import { renderBatchHtml } from '../../src/report/batch/html.tsx';
import { renderBatchJunit } from '../../src/report/batch/junit.ts';
import { renderBatchMarkdown } from '../../src/report/batch/markdown.ts';
import { percent } from '../../src/report/batch/words.ts';
import { BatchManifest, type BatchRun } from '../../src/schema/batch.ts';

const MANIFEST = BatchManifest.parse({
  schema: 'proofbox.batch/v1',
  fixtures: ['a', './deep/b'],
  engines: [{ id: 'one', engine: 'fake' }],
  repeats: 20,
});

function over(key: string, changes: Partial<BatchRun> = {}): BatchRun {
  return {
    key,
    fixture: 'a',
    engine: 'one',
    repeat: 1,
    run_id: null,
    status: 'passed',
    as_expected: true,
    exit_code: 0,
    blockers: [],
    error: null,
    wall_ms: 1,
    engine_ms: null,
    bundle: null,
    worker: null,
    ...changes,
  };
}

test.each([
  [[], 0],
  [[0, 0], 0],
  [[0, 3], 3],
  [[3, 1, 0], 1],
  [[1, 4, 3], 4],
  [[4, 130, 1], 130],
])('the worst of %j is %i', (codes, expected) => {
  expect(worst(codes)).toBe(expected);
});

test('once round all cells, then again: a batch that is stopped has tried each', () => {
  const keys = planRuns(MANIFEST).map(({ key }) => key);
  expect(keys.slice(0, 4)).toEqual(['a.one.1', 'b.one.1', 'a.one.2', 'b.one.2']);
  expect(new Set(keys).size).toBe(40);
});

test('a rate is 100 % only where every run passed', () => {
  expect([percent(1), percent(0.9999), percent(0.5), percent(0), percent(null)]).toEqual([
    '100 %',
    '99.9 %',
    '50 %',
    '0 %',
    '–',
  ]);
});

test('median and p95 are those of the nearest rank, and what was not run is no pass', () => {
  const plan = planRuns(MANIFEST);
  const runs = Array.from({ length: 20 }, (_, n) => over(`a.one.${n + 1}`, { wall_ms: 100 * (n + 1) }));
  const done = new Map(runs.map((run) => [run.key, run]));
  const report = summarize(MANIFEST, plan, done, { madeAt: new Date(0), wasStopped: false });
  expect(report.wall).toEqual({ min: 100, median: 1000, p95: 1900, max: 2000 });
  expect(report).toMatchObject({ asked: 40, runs: 20, not_run: 20, pass_rate: 1 });
  expect(renderBatchJunit(report)).toContain('20 of 40 runs were not run');
  expect(renderBatchHtml(report)).toContain('class="verdict failed"');
});

test('what an engine or a path brought into it can neither turn a line nor close a cell', () => {
  const done = new Map([
    [
      'a.one.1',
      over('a.one.1', { status: 'failed', exit_code: 4, error: 'bad | name \u202e <script>x</script>' }),
    ],
  ]);
  const report = summarize(MANIFEST, planRuns(MANIFEST), done, { madeAt: new Date(0), wasStopped: true });
  expect(report.exit_code).toBe(130);
  const text = renderBatchMarkdown(report);
  expect(text).toContain('bad \\| name');
  expect(text).not.toContain('\u202e');
  const page = renderBatchHtml(report);
  expect(page).not.toContain('<script>');
  expect(page).not.toContain('\u202e');
});
