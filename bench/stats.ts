/** Numbers from repeated measurements. Pure. */

export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** Of at least one value. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { min: rank(sorted, 0), median: median(sorted), max: rank(sorted, 1) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The value of the nearest rank; `share` from 0 to 1. */
export function rank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** How cost grows with size: the slope of the best line through the logarithms; 1 is linear. */
export function exponent(points: readonly { size: number; cost: number }[]): number {
  const x = points.map(({ size }) => Math.log(size));
  const y = points.map(({ cost }) => Math.log(cost));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const over = x.reduce((sum, value, index) => sum + (value - mx) * ((y[index] ?? 0) - my), 0);
  return over / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
}

/**
 * Where the median of what was sampled lies, with a confidence of 95 % or, of fewer than six values, what they allow.
 * By order statistics: nothing is assumed of how the values are spread.
 */
export function medianInterval(values: readonly number[]): { low: number; high: number; confidence: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  let outside = 2 * 0.5 ** count;
  let term = 0.5 ** count;
  let cut = 0;
  for (let next = 1; next < count / 2; next += 1) {
    term *= (count - next + 1) / next;
    if (outside + 2 * term > 0.05) break;
    outside += 2 * term;
    cut = next;
  }
  return {
    low: sorted[cut] ?? Number.NaN,
    high: sorted[count - 1 - cut] ?? Number.NaN,
    confidence: count === 0 ? 0 : 1 - outside,
  };
}
