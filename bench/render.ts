/** Results as a table for people. Pure. */
import type { Result } from './measure.ts';

export interface Machine {
  cpus: number;
  model: string;
  memory_gib: number;
  kernel: string;
  docker: string;
  runc: string | null;
  node: string;
}

export function table(results: readonly Result[], machine: Machine): string {
  const figure = (value: number) => value.toPrecision(3);
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
    `${machine.cpus} processors (${machine.model}), ${machine.memory_gib} GiB, kernel ${machine.kernel}, Docker ${machine.docker}, runc ${machine.runc ?? 'unknown'}, Node.js ${machine.node}.`,
    '',
  ].join('\n');
}
