/** What a bench leaves behind: the schema of bench/results.json, and reading it again. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const Spread = z.strictObject({ min: z.number(), median: z.number(), max: z.number() });
/** Where the true median lies, by the order of the values alone. */
const Interval = z.strictObject({ low: z.number(), high: z.number(), confidence: z.number() });
export type Interval = z.infer<typeof Interval>;

export const Machine = z.strictObject({
  cpus: z.int(),
  model: z.string(),
  memory_gib: z.int(),
  kernel: z.string(),
  docker: z.string(),
  runc: z.string().nullable(),
  node: z.string(),
});
export type Machine = z.infer<typeof Machine>;

export const Result = z.strictObject({
  id: z.string(),
  title: z.string(),
  unit: z.string(),
  target: z.number(),
  higher: z.boolean(),
  note: z.string(),
  ways: z.array(z.strictObject({ name: z.string(), values: z.array(z.number()), spread: Spread })),
  /** ours by peer, round by round */
  ratio: Spread.extend({ p95: z.number(), interval: Interval }),
  met: z.boolean(),
  /** something that makes the figures worthless, such as a path that was not recorded */
  problem: z.string().nullable(),
});
export type Result = z.infer<typeof Result>;

export const GrowthResult = z.strictObject({
  id: z.string(),
  title: z.string(),
  /** what `size` counts */
  of: z.string(),
  note: z.string(),
  /** seconds at each size, round by round, and what the same costs with nothing to do */
  points: z.array(z.strictObject({ size: z.number(), seconds: z.array(z.number()) })),
  idle: z.array(z.number()),
  /** of cost above idle against size, fitted round by round; 1 is linear */
  exponent: Spread.extend({ interval: Interval }),
});
export type GrowthResult = z.infer<typeof GrowthResult>;

export const Results = z.strictObject({
  machine: Machine,
  results: z.array(Result),
  growth: z.array(GrowthResult),
});
export type Results = z.infer<typeof Results>;

/**
 * The results that were kept; null where there are none.
 * @throws where the file is there and is not what a bench wrote
 */
export async function readResults(path: string): Promise<Results | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : Results.parse(JSON.parse(text));
}

/** New results among those kept. Those of another machine say nothing of this one and go. */
export function merged(kept: Results | null, now: Results): Results {
  const stays = kept !== null && JSON.stringify(kept.machine) === JSON.stringify(now.machine) ? kept : null;
  const others = <T extends { id: string }>(old: readonly T[] = [], fresh: readonly T[]): T[] =>
    [...old.filter(({ id }) => !fresh.some((one) => one.id === id)), ...fresh].sort(byId);
  return {
    machine: now.machine,
    results: others(stays?.results, now.results),
    growth: others(stays?.growth, now.growth),
  };
}

/** B2 before B10. */
export function byId(a: { id: string }, b: { id: string }): number {
  return a.id.localeCompare(b.id, 'en', { numeric: true });
}
