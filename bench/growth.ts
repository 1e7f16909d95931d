/** How cost grows with size: the same work at several sizes, round by round, above what it costs to do nothing. */
import type { GrowthResult } from './results.ts';
import { exponent, medianInterval, spread } from './stats.ts';

export interface Growth {
  id: string;
  title: string;
  /** what `size` counts */
  of: string;
  note: string;
  /** from small to large; at least three */
  sizes: number[];
  /** makes what every size needs and returns the work; size 0 is the work with nothing to do */
  prepare(
    folder: string,
  ): Promise<{ once(size: number, round: number): Promise<number>; remove(): Promise<void> }>;
}

const ROUNDS = 5;

/** Once at the smallest size to warm up, then all sizes in turn, the order changed from round to round. */
export async function grow(growth: Growth, folder: string, asked: number | null): Promise<GrowthResult> {
  const { once, remove } = await growth.prepare(folder);
  try {
    const rounds = asked ?? ROUNDS;
    const seconds = new Map([0, ...growth.sizes].map((size) => [size, [] as number[]]));
    await once(growth.sizes[0] ?? 0, -1);
    for (let round = 0; round < rounds; round += 1) {
      const order = [...seconds.keys()];
      if (round % 2 === 1) order.reverse();
      for (const size of order) seconds.get(size)?.push(await once(size, round));
    }
    const idle = seconds.get(0) ?? [];
    const points = growth.sizes.map((size) => ({ size, seconds: seconds.get(size) ?? [] }));
    const exponents = idle.map((nothing, round) =>
      exponent(
        points.map((point) => ({ size: point.size, cost: (point.seconds[round] ?? Number.NaN) - nothing })),
      ),
    );
    const { id, title, of, note } = growth;
    if (!exponents.every(Number.isFinite))
      throw new Error(`${id}: a size cost no more than nothing at all; choose larger sizes`);
    return {
      ...{ id, title, of, note, points, idle },
      exponent: { ...spread(exponents), interval: medianInterval(exponents) },
    };
  } finally {
    await remove();
  }
}
