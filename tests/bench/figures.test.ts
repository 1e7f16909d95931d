/** What the bench makes of its figures: intervals, exponents, the guard against getting worse, and the plot. */
import { describe, expect, test } from 'vitest';
import { compare } from '../../bench/compare.ts';
import { plot } from '../../bench/plot.tsx';
import { table } from '../../bench/render.ts';
import { type GrowthResult, type Machine, merged, type Result, Results } from '../../bench/results.ts';
import { exponent, medianInterval, rank, spread } from '../../bench/stats.ts';

const MACHINE: Machine = {
  cpus: 2,
  model: 'a processor',
  memory_gib: 24,
  kernel: '6.18',
  docker: '20.10.24',
  runc: '1.1.5',
  node: '20.19.0',
};

function result(id: string, ratios: number[], more: Partial<Result> = {}): Result {
  const sorted = [...ratios].sort((a, b) => a - b);
  const ratio = { ...spread(ratios), p95: rank(sorted, 0.95), interval: medianInterval(ratios) };
  const ways = [{ name: 'ours', values: ratios, spread: spread(ratios) }];
  return {
    ...{ id, title: 'a measure', unit: 's', target: 1.5, higher: false, note: '', ways, ratio },
    ...{ met: true, problem: null },
    ...more,
  };
}

function growth(id: string, exponents: number[]): GrowthResult {
  const sizes = [100, 1_000, 10_000];
  return {
    ...{ id, title: 'a run', of: 'files', note: '', idle: exponents.map(() => 1) },
    points: sizes.map((size) => ({ size, seconds: exponents.map((power) => 1 + (size / 1_000) ** power) })),
    exponent: { ...spread(exponents), interval: medianInterval(exponents) },
  };
}

const only = (...results: Result[]) => ({ results, growth: [] });

describe('the interval of a median', () => {
  test('takes in all of seven values and the middle of thirty', () => {
    expect(medianInterval([1, 2, 3, 4, 5, 6, 7])).toEqual({ low: 1, high: 7, confidence: 1 - 2 / 128 });
    const thirty = medianInterval(Array.from({ length: 30 }, (_, n) => n + 1));
    // The table of the sign test: of 30 values the 10th and the 21st.
    expect([thirty.low, thirty.high]).toEqual([10, 21]);
    expect(thirty.confidence).toBeGreaterThan(0.95);
  });

  test('says how little few values say', () => {
    expect(medianInterval([3])).toEqual({ low: 3, high: 3, confidence: 0 });
    expect(medianInterval([])).toEqual({ low: Number.NaN, high: Number.NaN, confidence: 0 });
  });
});

describe('the exponent', () => {
  test.each([
    [1, 1],
    [2, 2],
    [0.5, 0.5],
  ])('of cost that grows with the power %d', (power, expected) => {
    const points = [10, 100, 1_000].map((size) => ({ size, cost: 3 * size ** power }));
    expect(exponent(points)).toBeCloseTo(expected, 9);
  });

  test('is no number where something cost nothing', () => {
    expect(
      exponent([
        { size: 1, cost: -1 },
        { size: 2, cost: 1 },
        { size: 3, cost: 2 },
      ]),
    ).toBeNaN();
  });
});

describe('the guard', () => {
  const before = result('B1', [1.4, 1.5, 1.45, 1.48, 1.52, 1.43, 1.47]);

  test('names what is worse by more than the noise of both', () => {
    const { worse } = compare(only(before), only(result('B1', [1.6, 1.7, 1.65, 1.68, 1.72, 1.63, 1.67])));
    expect(worse).toEqual(['B1: the ratio went from 1.47 (1.40–1.52) to 1.67 (1.60–1.72)']);
  });

  test('is silent where the two overlap, and where it got better', () => {
    expect(compare(only(before), only(result('B1', [1.5, 1.7, 1.65, 1.68, 1.72, 1.63, 1.67]))).worse).toEqual(
      [],
    );
    expect(compare(only(before), only(result('B1', [1, 1, 1, 1, 1, 1, 1]))).worse).toEqual([]);
  });

  test('turns round where more is better', () => {
    const many = result('B6', [0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86], { higher: true });
    const few = result('B6', [0.4, 0.41, 0.42, 0.43, 0.44, 0.45, 0.46], { higher: true });
    expect(compare(only(many), only(few)).worse).toHaveLength(1);
    expect(compare(only(few), only(many)).worse).toEqual([]);
  });

  test('takes figures that are void, or no figures, for worse', () => {
    const lost = result('B1', [1, 1, 1, 1, 1, 1, 1], { problem: 'a path was not recorded' });
    expect(compare(only(before), only(lost)).worse).toEqual(['B1: a path was not recorded']);
    expect(compare(only(before), only(result('B1', [Number.NaN]))).worse).toHaveLength(1);
  });

  test('holds exponents too', () => {
    const linear = growth('files', [1, 1.01, 0.99, 1.02, 0.98, 1, 1]);
    const square = growth('files', [2, 2.01, 1.99, 2.02, 1.98, 2, 2]);
    expect(compare({ results: [], growth: [linear] }, { results: [], growth: [square] }).worse).toEqual([
      'files: the exponent went from 1.00 (0.980–1.02) to 2.00 (1.98–2.02)',
    ]);
    expect(compare({ results: [], growth: [square] }, { results: [], growth: [linear] }).worse).toEqual([]);
  });

  test('says what it could not compare', () => {
    expect(compare(only(), only(before))).toEqual({ worse: [], uncompared: ['B1'] });
  });
});

describe('what is kept', () => {
  const kept = { machine: MACHINE, ...only(result('B2', [1]), result('B10', [1])) };

  test('others stay, in the order of their numbers, and the file reads back', () => {
    const all = merged(kept, { machine: MACHINE, ...only(result('B2', [2]), result('B4', [1])) });
    expect(all.results.map(({ id, ratio }) => [id, ratio.median])).toEqual([
      ['B2', 2],
      ['B4', 1],
      ['B10', 1],
    ]);
    expect(Results.parse(JSON.parse(JSON.stringify(all)))).toEqual(all);
  });

  test('what another machine measured goes', () => {
    const all = merged(kept, { machine: { ...MACHINE, cpus: 64 }, ...only(result('B2', [2])) });
    expect(all.results.map(({ id }) => id)).toEqual(['B2']);
  });
});

test('the table says which target is missed and which figures are void', () => {
  const text = table([
    result('B1', [1.4]),
    result('B2', [2], { met: false }),
    result('B3', [1], { problem: 'only 3 writes are on record' }),
  ]);
  expect(text).toContain('| B1 | a measure | 1.40 (1.40–1.40, p95 1.40) | ≤ 1.5 | met |');
  expect(text).toContain('| **not met** |');
  expect(text).toContain('| **void: only 3 writes are on record** |');
});

test('the plot has a panel, an exponent and a point for each size', () => {
  const svg = plot([growth('files', [1, 1, 1]), growth('bytes', [2, 2, 2])]);
  expect(svg).toMatch(/^<svg /);
  expect(svg.match(/<circle/g)).toHaveLength(6);
  expect(svg).toContain('files: exponent 1.00');
  expect(svg).toContain('bytes: exponent 2.00');
  expect(svg).not.toMatch(/NaN|undefined/);
});
