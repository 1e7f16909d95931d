/** Cost against size as one SVG: a panel for each kind of size, both axes logarithmic, the fitted exponent in words. Pure. */
import { scaleLog } from 'd3-scale';
import { renderToString } from 'preact-render-to-string';
import type { GrowthResult } from './results.ts';
import { median } from './stats.ts';

const PANEL = { width: 300, height: 240, left: 52, right: 16, top: 44, bottom: 44 };
const INK = '#333';
const LINE = '#0b62a4';

export function plot(growths: readonly GrowthResult[]): string {
  const width = PANEL.width * growths.length;
  return `${renderToString(
    <svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox={`0 0 ${width} ${PANEL.height}`}
      width={width}
      height={PANEL.height}
      font-family="sans-serif"
      font-size="11"
      fill={INK}
    >
      <title>Cost of a run against the size of its work</title>
      <rect width={width} height={PANEL.height} fill="#fff" />
      {growths.map((growth, index) => (
        <Panel growth={growth} x={index * PANEL.width} />
      ))}
    </svg>,
  )}\n`;
}

/** Medians above the idle run, and the spread of the rounds as a bar. */
function Panel({ growth, x }: { growth: GrowthResult; x: number }) {
  const idle = median(growth.idle);
  const points = growth.points.map(({ size, seconds }) => {
    const costs = seconds.map((value) => Math.max(value - idle, 1e-3));
    return { size, cost: median(costs), low: Math.min(...costs), high: Math.max(...costs) };
  });
  const across = scaleLog()
    .domain([
      Math.min(...points.map(({ size }) => size)) / 1.5,
      Math.max(...points.map(({ size }) => size)) * 1.5,
    ])
    .range([PANEL.left, PANEL.width - PANEL.right]);
  const up = scaleLog()
    .domain([
      Math.min(...points.map(({ low }) => low)) / 1.5,
      Math.max(...points.map(({ high }) => high)) * 1.5,
    ])
    .range([PANEL.height - PANEL.bottom, PANEL.top]);
  return (
    <g transform={`translate(${x} 0)`}>
      <text x={PANEL.left} y={18} font-weight="bold">
        {growth.id}: exponent {growth.exponent.median.toFixed(2)}
      </text>
      <text x={PANEL.left} y={33}>
        {growth.exponent.min.toFixed(2)} to {growth.exponent.max.toFixed(2)} over {growth.idle.length} rounds
      </text>
      {up.ticks(4).map((tick) => (
        <g transform={`translate(0 ${up(tick)})`}>
          <line x1={PANEL.left} x2={PANEL.width - PANEL.right} stroke="#ddd" />
          <text x={PANEL.left - 6} y={4} text-anchor="end">
            {up.tickFormat(4, '~g')(tick)}
          </text>
        </g>
      ))}
      {points.map(({ size }) => (
        <text x={across(size)} y={PANEL.height - PANEL.bottom + 16} text-anchor="middle">
          {short(size)}
        </text>
      ))}
      <text x={(PANEL.left + PANEL.width) / 2} y={PANEL.height - 10} text-anchor="middle">
        {growth.of}
      </text>
      <text transform={`translate(12 ${PANEL.height / 2}) rotate(-90)`} text-anchor="middle">
        seconds above idle
      </text>
      <polyline
        points={points.map(({ size, cost }) => `${across(size)},${up(cost)}`).join(' ')}
        fill="none"
        stroke={LINE}
        stroke-width="2"
      />
      {points.map(({ size, cost, low, high }) => (
        <g stroke={LINE}>
          <line x1={across(size)} x2={across(size)} y1={up(low)} y2={up(high)} />
          <circle cx={across(size)} cy={up(cost)} r="3" fill={LINE} />
        </g>
      ))}
    </g>
  );
}

/** 20,000 as 20k, 64 MiB as 67M: the axis has no room for more. */
function short(size: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(size);
}
