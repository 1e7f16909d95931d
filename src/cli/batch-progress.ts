/** Draws a batch while it runs: a live table on a terminal, one line a finished run elsewhere. */
import { createLogUpdate } from 'log-update';
import type { BatchListener } from '../batch/run.ts';
import { visible } from '../report/untrusted.ts';
import type { BatchRun } from '../schema/batch.ts';
import { say } from './output.ts';

const REDRAW_MS = 200;
const NOBODY: BatchListener = { begin() {}, started() {}, over() {}, note() {} };

/** Shows counts, what is running and how long the rest may take. */
export function batchProgress({ shown }: { shown: boolean }): BatchListener {
  if (!shown) return { ...NOBODY, note: say };
  return process.stderr.isTTY === true && process.env.CI === undefined ? table() : lines();
}

function lines(): BatchListener {
  let asked = 0;
  let over = 0;
  return {
    ...NOBODY,
    begin(plan, done) {
      asked = plan.length;
      over = done.size;
      if (over > 0) say(`${over} of ${asked} runs were done before`);
    },
    over(run) {
      over += 1;
      say(`${String(over).padStart(String(asked).length)}/${asked}  ${line(run)}`);
    },
    note: say,
  };
}

function line({ key, status, wall_ms: ms, blockers, error }: BatchRun): string {
  const why = error ?? blockers.join(', ');
  return `${status.padEnd(11)} ${(ms / 1000).toFixed(2).padStart(7)} s  ${key}${why === '' ? '' : `  ${visible(why)}`}`;
}

interface Cell {
  name: string;
  asked: number;
  passed: number;
  others: number;
  running: number;
}

function table(): BatchListener {
  const draw = createLogUpdate(process.stderr);
  const cells = new Map<string, Cell>();
  const began = performance.now();
  const takers = new Map<string, string>();
  let fresh = 0;
  let timer: NodeJS.Timeout | null = null;
  const cellOf = (fixture: string, engine: string): Cell => {
    const name = `${fixture} ${engine}`;
    const cell = cells.get(name) ?? { name, asked: 0, passed: 0, others: 0, running: 0 };
    cells.set(name, cell);
    return cell;
  };
  const count = (run: BatchRun) => {
    const cell = cellOf(run.fixture, run.engine);
    if (run.status === 'passed') cell.passed += 1;
    else cell.others += 1;
  };
  const show = () =>
    draw(`${picture([...cells.values()], fresh, performance.now() - began)}${workersLine(takers)}`);
  return {
    begin(plan, done) {
      for (const { fixture, engine } of plan) cellOf(fixture, engine.id).asked += 1;
      for (const run of done.values()) count(run);
      timer = setInterval(show, REDRAW_MS);
      timer.unref();
    },
    started({ key, fixture, engine }, worker) {
      cellOf(fixture, engine.id).running += 1;
      if (worker !== undefined) takers.set(key, worker);
    },
    over(run) {
      takers.delete(run.key);
      const cell = cellOf(run.fixture, run.engine);
      // A run that another terminal had begun was never said to be running here.
      cell.running = Math.max(0, cell.running - 1);
      fresh += 1;
      count(run);
      const open = [...cells.values()].some(({ asked, passed, others }) => passed + others < asked);
      if (open) return;
      if (timer !== null) clearInterval(timer);
      show();
      draw.done();
    },
    note(text) {
      draw.clear();
      say(text);
    },
  };
}

/** Who is at work, and at how many runs; nothing for a batch of this host alone. */
function workersLine(takers: ReadonlyMap<string, string>): string {
  if (takers.size === 0) return '';
  const counts = new Map<string, number>();
  for (const worker of takers.values()) counts.set(worker, (counts.get(worker) ?? 0) + 1);
  const shown = [...counts].slice(0, 8).map(([name, count]) => `${visible(name)} ${count}`);
  const more = counts.size > shown.length ? ` and ${counts.size - shown.length} more` : '';
  return `\non ${counts.size} workers: ${shown.join(', ')}${more}`;
}

/** As many cells as fit a screen, those at work first. */
function picture(cells: Cell[], fresh: number, ms: number): string {
  const sum = (key: 'asked' | 'passed' | 'others' | 'running') => cells.reduce((n, cell) => n + cell[key], 0);
  const open = sum('asked') - sum('passed') - sum('others');
  const rate = fresh / (ms / 1000);
  const left = fresh === 0 ? '' : `, ${rate.toFixed(2)} a second, about ${Math.ceil(open / rate)} s to go`;
  const rows = [...cells].sort((a, b) => b.running - a.running).slice(0, 20);
  const wide = Math.max(7, ...rows.map(({ name }) => name.length));
  return [
    `${'fixture and engine'.padEnd(wide)}  running  passed  others   asked`,
    ...rows.map(({ name, running, passed, others, asked }) =>
      [
        visible(name).padEnd(wide),
        ...[running, passed, others, asked].map((n) => String(n).padStart(6)),
      ].join('  '),
    ),
    ...(cells.length > rows.length ? [`and ${cells.length - rows.length} more`] : []),
    `${sum('asked') - open} of ${sum('asked')} over, ${sum('running')} running${left}`,
  ].join('\n');
}
