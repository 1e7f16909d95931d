/** Words that every rendering of a batch shares. */
import type { BatchReport } from '../../schema/batch.ts';

export function verdictLine({ asked, passed, runs, not_run: open }: BatchReport): string {
  const rest = [
    runs - passed > 0 ? `${runs - passed} did not` : '',
    open > 0 ? `${open} were not run` : '',
  ].filter((text) => text !== '');
  return `${passed} of ${asked} runs passed${rest.length === 0 ? '' : `, ${rest.join(', ')}`}`;
}

/** A rate of 1 is "100 %" and nothing else is. */
export function percent(rate: number | null): string {
  if (rate === null) return '–';
  return `${Math.floor(rate * 1000) / 10} %`;
}
