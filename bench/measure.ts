/** One measure: two or more ways to do the same, timed in turn, so that both have the same hour and the same cache. */
import type { Result } from './results.ts';
import { medianInterval, rank, spread } from './stats.ts';

export interface Way {
  name: string;
  /** does the work once; returns what is compared, seconds unless the measure says otherwise */
  once(round: number): Promise<number>;
}

export interface Measure {
  /** B1 to B12 of the design */
  id: string;
  title: string;
  /** of the ratio ours / peer: no more than this, or no less where `higher` */
  target: number;
  higher?: boolean;
  unit: string;
  /** what is to be known to read it */
  note: string;
  /** prepares the ways, ours first and its peer second; what it made is removed by `remove` */
  prepare(folder: string): Promise<{
    ways: Way[];
    remove(): Promise<void>;
    problem?: () => string | null;
    /** done once the rounds are over, for what is no ratio: growth and memory */
    after?: () => Promise<void>;
  }>;
  /** where a round is short, more of them; at least 7 */
  rounds?: number;
}

const LEAST_ROUNDS = 7;

/** Once to warm up, then in turn, the order changed from round to round. */
export async function take(measure: Measure, folder: string, asked: number | null): Promise<Result> {
  const { ways, remove, problem, after } = await measure.prepare(folder);
  try {
    const rounds = asked ?? Math.max(LEAST_ROUNDS, measure.rounds ?? LEAST_ROUNDS);
    for (const way of ways) await way.once(-1);
    const values = ways.map((): number[] => []);
    for (let round = 0; round < rounds; round += 1) {
      const order = [...ways.keys()];
      if (round % 2 === 1) order.reverse();
      for (const index of order) values[index]?.push((await ways[index]?.once(round)) ?? Number.NaN);
    }
    await after?.();
    const [ours = [], peer = []] = values;
    const ratios = ours.map((value, index) => value / (peer[index] ?? Number.NaN));
    const sorted = [...ratios].sort((a, b) => a - b);
    const ratio = { ...spread(ratios), p95: rank(sorted, 0.95), interval: medianInterval(ratios) };
    const { id, title, unit, target, higher = false, note } = measure;
    return {
      ...{ id, title, unit, target, higher, note, ratio },
      ways: ways.map(({ name }, index) => ({
        name,
        values: values[index] ?? [],
        spread: spread(values[index] ?? []),
      })),
      met: higher ? ratio.median >= target : ratio.median <= target,
      problem: problem?.() ?? null,
    };
  } finally {
    await remove();
  }
}

/** Seconds that `act` took by the monotonic clock. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
}
