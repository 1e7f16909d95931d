/** The summary of a batch for people, as Markdown. */
import type { BatchReport, Spread } from '../../schema/batch.ts';
import { seconds } from '../html/text.tsx';
import { visible } from '../untrusted.ts';
import { percent, verdictLine } from './words.ts';

/** Pure: equal summaries give equal text. */
export function renderBatchMarkdown(report: BatchReport): string {
  const cell = (text: string) => visible(text).replaceAll('|', '\\|');
  const rows = report.cells.map(
    ({ fixture, engine, runs, passed, as_expected: expected, pass_rate: rate, wall, blockers }) => {
      const codes = Object.entries(blockers).map(([code, count]) => `\`${code}\` ${count}`);
      return `| ${cell(fixture)} | ${cell(engine)} | ${runs} | ${passed} | ${percent(rate)} | ${expected} | ${spread(wall)} | ${codes.join(', ') || 'none'} |`;
    },
  );
  const others = report.all.filter(({ status }) => status !== 'passed');
  return [
    `# ${verdictLine(report)}`,
    '',
    `Manifest \`${report.manifest}\`; of ${report.asked} runs ${report.runs} are over. Each has a bundle of its own under \`runs/\`: check it with \`proofbox verify\`.`,
    '',
    '| fixture | engine | runs | passed | rate | as expected | median (min, p95, max) | blockers |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...(others.length === 0
      ? []
      : [
          '## Runs that did not pass',
          '',
          '| run | status | blockers | |',
          '| --- | --- | --- | --- |',
          ...others.map(
            ({ key, status, blockers, error }) =>
              `| \`${cell(key)}\` | ${status} | ${blockers.map((code) => `\`${code}\``).join(', ') || 'none'} | ${cell(error ?? '')} |`,
          ),
          '',
        ]),
  ].join('\n');
}

function spread(wall: Spread | null): string {
  if (wall === null) return '–';
  return `${seconds(wall.median)} (${seconds(wall.min)}, ${seconds(wall.p95)}, ${seconds(wall.max)})`;
}
