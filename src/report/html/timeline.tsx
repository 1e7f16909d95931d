/** The run over time: its steps as bars, and below them the write attempts, allowed upwards and refused downwards. */
import type { Report } from '../../schema/report.ts';
import type { Page, Step } from '../../verdict/page-data.ts';
import { visible } from '../untrusted.ts';
import { plural, Section, seconds } from './text.tsx';

const LEFT = 150;
const WIDTH = 840;
const ROW = 24;
const HALF = 60;

export function Timeline({ report, page }: { report: Report; page: Page }) {
  const total = Math.max(1, report.usage.wall_ms, ...page.steps.map(({ end_ms }) => end_ms));
  const x = (ms: number) => LEFT + (Math.min(ms, total) / total) * WIDTH;
  const chart = page.steps.length * ROW + 24;
  const { records } = report.recorder;
  return (
    <Section id="timeline" title="Timeline">
      <div class="drawing">
        <svg
          class="timeline"
          viewBox={`0 0 1000 ${chart + 2 * HALF + 34}`}
          role="img"
          aria-label={`${plural(page.steps.length, 'step')} in ${seconds(total)}, ${plural(records, 'write attempt')}`}
        >
          {page.steps.map((step, index) => (
            <Bar step={step} y={index * ROW} x={x} />
          ))}
          <Attempts page={page} x={x} axis={chart + HALF} />
          <line class="axis" x1={LEFT} y1={chart + HALF} x2={LEFT + WIDTH} y2={chart + HALF} />
          <text x="8" y={chart + HALF - 8}>
            allowed
          </text>
          <text x="8" y={chart + HALF + 18}>
            refused
          </text>
          {[0, 0.25, 0.5, 0.75, 1].map((part) => (
            <text class={part === 1 ? 'tick end' : 'tick'} x={x(total * part)} y={chart + 2 * HALF + 26}>
              {seconds(total * part)}
            </text>
          ))}
        </svg>
      </div>
    </Section>
  );
}

function Bar({ step, y, x }: { step: Step; y: number; x: (ms: number) => number }) {
  const from = x(step.start_ms);
  return (
    <g class={step.failed ? 'step failed' : 'step'}>
      <title>{`${visible(step.name)}: ${seconds(step.end_ms - step.start_ms)}`}</title>
      <text x="8" y={y + 16}>
        {visible(step.name).replaceAll('_', ' ')}
      </text>
      <rect x={from} y={y + 4} width={Math.max(2, x(step.end_ms) - from)} height={ROW - 8} rx="3" />
    </g>
  );
}

/** One bar a bucket, never one an attempt: 240 at most, whatever the engine did. */
function Attempts({ page, x, axis }: { page: Page; x: (ms: number) => number; axis: number }) {
  const { width_ms: width, allowed, denied } = page.activity.timeline;
  const start = page.engine_started_ms ?? 0;
  const top = Math.max(1, ...allowed, ...denied);
  // A single attempt among thousands must still be seen.
  const height = (count: number) =>
    count === 0 ? 0 : Math.max(2, (Math.log1p(count) / Math.log1p(top)) * HALF);
  return (
    <g>
      {allowed.map((count, index) => {
        const refused = denied[index] ?? 0;
        if (count + refused === 0) return null;
        const from = x(start + index * width);
        const w = Math.max(2, x(start + (index + 1) * width) - from);
        return (
          <g>
            <title>{`${seconds(index * width)} into the engine: ${count} allowed, ${refused} refused`}</title>
            <rect class="allowed" x={from} y={axis - height(count)} width={w} height={height(count)} />
            <rect class="denied" x={from} y={axis} width={w} height={height(refused)} />
          </g>
        );
      })}
    </g>
  );
}
