/** Results as Markdown for people. Pure. */
import type { GrowthResult, Machine, Result, Results } from './results.ts';
import { spread } from './stats.ts';

/** bench/RESULTS.md, whole. `plotted` is the name of the picture beside it. */
export function page(kept: Results, plotted: string): string {
  const growth =
    kept.growth.length === 0 ? [] : [growthTable(kept.growth), `![Cost against size](${plotted})`, ''];
  return [
    '# Results',
    'Written by `npm run bench -- --write`.',
    '',
    table(kept.results),
    ...growth,
    machineLine(kept.machine),
  ].join('\n');
}

export function table(results: readonly Result[]): string {
  const rows = results.map(({ id, title, target, higher, ratio, ways, met, problem }) => {
    const sign = higher ? '≥' : '≤';
    const each = ways
      .map(
        ({ name, spread: { min, median, max } }) =>
          `${name} ${figure(median)} (${figure(min)}–${figure(max)})`,
      )
      .join('; ');
    const verdict = problem === null ? (met ? 'met' : '**not met**') : `**void: ${problem}**`;
    return `| ${id} | ${title} | ${figure(ratio.median)} (${figure(ratio.min)}–${figure(ratio.max)}, p95 ${figure(ratio.p95)}) | ${sign} ${target} | ${verdict} | ${each} | ${ways[0]?.values.length ?? 0} |`;
  });
  return [
    '| | measure | ratio: median (min–max, p95) | target | | each way: median (min–max) | rounds |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

export function growthTable(growths: readonly GrowthResult[]): string {
  const rows = growths.map(({ id, title, of, points, idle, exponent }) => {
    const each = points
      .map(({ size, seconds }) => `${size.toLocaleString('en')}: ${figure(spread(seconds).median)} s`)
      .join('; ');
    return `| ${id} | ${title} | ${figure(exponent.median)} (${figure(exponent.min)}–${figure(exponent.max)}) | ${of} | ${each}; with nothing to do: ${figure(spread(idle).median)} s | ${idle.length} |`;
  });
  return [
    '| | cost against size | exponent above idle: median (min–max) | size | whole run | rounds |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

export function machineLine(machine: Machine): string {
  return `${machine.cpus} processors (${machine.model}), ${machine.memory_gib} GiB, kernel ${machine.kernel}, Docker ${machine.docker}, runc ${machine.runc ?? 'unknown'}, Node.js ${machine.node}.\n`;
}

function figure(value: number): string {
  return value.toPrecision(3);
}
