/** Holds new figures against kept ones: what got worse by more than the noise that either measured itself. Pure. */
import type { GrowthResult, Interval, Result, Results } from './results.ts';

export interface Comparison {
  /** one sentence for each measure that got worse or whose figures are worthless */
  worse: string[];
  /** measures that only one side has */
  uncompared: string[];
}

/** Worse means: the whole interval of the new median lies on the wrong side of the whole interval of the kept one. */
export function compare(
  kept: Pick<Results, 'results' | 'growth'>,
  now: Pick<Results, 'results' | 'growth'>,
): Comparison {
  const worse: string[] = [];
  const uncompared: string[] = [];
  for (const result of now.results) {
    if (result.problem !== null) worse.push(`${result.id}: ${result.problem}`);
    const old = kept.results.find(({ id }) => id === result.id);
    if (old === undefined) uncompared.push(result.id);
    else if (isWorse(old.ratio.interval, result.ratio.interval, result.higher))
      worse.push(sentence(old, result));
  }
  for (const growth of now.growth) {
    const old = kept.growth.find(({ id }) => id === growth.id);
    if (old === undefined) uncompared.push(growth.id);
    else if (isWorse(old.exponent.interval, growth.exponent.interval, false)) worse.push(grew(old, growth));
  }
  return { worse, uncompared };
}

function isWorse(old: Interval, now: Interval, higher: boolean): boolean {
  // What could not be measured must not look as good as before.
  if (![now.low, now.high].every(Number.isFinite)) return true;
  return higher ? now.high < old.low : now.low > old.high;
}

function sentence(old: Result, now: Result): string {
  return `${now.id}: the ratio went from ${figure(old.ratio.median)} (${range(old.ratio.interval)}) to ${figure(now.ratio.median)} (${range(now.ratio.interval)})`;
}

function grew(old: GrowthResult, now: GrowthResult): string {
  return `${now.id}: the exponent went from ${figure(old.exponent.median)} (${range(old.exponent.interval)}) to ${figure(now.exponent.median)} (${range(now.exponent.interval)})`;
}

function range({ low, high }: Interval): string {
  return `${figure(low)}–${figure(high)}`;
}

function figure(value: number): string {
  return value.toPrecision(3);
}
