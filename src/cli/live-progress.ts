/** A run's steps as a live list on a terminal. */
import { Listr } from 'listr2';
import { type Progress, STEPS, type StepId } from '../lane/progress.ts';

interface Row {
  over: Promise<void>;
  state: 'open' | 'over' | 'skipped';
  finish(): void;
  fail(reason: Error): void;
  skip(): void;
  title: string;
  output: string;
}

/** listr2 wants its tasks beforehand; each waits for the lane to say that its step is over. */
export function liveProgress(baseline: boolean): Progress {
  const rows = new Map<StepId, Row>();
  let drawing: Promise<unknown> | null = null;
  for (const step of Object.keys(STEPS) as StepId[])
    if (baseline || step !== 'baseline') rows.set(step, newRow(STEPS[step]));
  const list = new Listr(
    [...rows.values()].map((row) => ({
      title: row.title,
      task: async (_context: unknown, task: { output: string; title: string; skip(text?: string): void }) => {
        const timer = setInterval(() => {
          task.output = row.output;
        }, 100);
        await row.over.finally(() => clearInterval(timer));
        task.title = row.title;
        if (row.state === 'skipped') task.skip();
      },
    })),
    {
      concurrent: true,
      exitOnError: false,
      rendererOptions: { collapseErrors: true, removeEmptyLines: false },
    },
  );
  return {
    start() {
      drawing ??= list.run().catch(() => undefined);
    },
    note(step, text) {
      const row = rows.get(step);
      if (row !== undefined) row.output = text;
    },
    end(step, outcome, ms, text) {
      const row = rows.get(step);
      if (row === undefined) return;
      row.title = `${row.title} (${(ms / 1000).toFixed(2)} s)`;
      if (outcome === 'failed') row.fail(new Error(text ?? 'failed'));
      else row.finish();
    },
    async close() {
      for (const row of rows.values()) row.skip();
      await drawing;
    },
  };
}

function newRow(title: string): Row {
  let finish = () => {};
  let fail: (reason: Error) => void = () => {};
  const over = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  over.catch(() => undefined);
  const row: Row = {
    over,
    title,
    output: '',
    state: 'open',
    finish() {
      if (row.state === 'open') row.state = 'over';
      finish();
    },
    fail(reason) {
      row.state = 'over';
      fail(reason);
    },
    skip() {
      if (row.state !== 'open') return;
      row.state = 'skipped';
      finish();
    },
  };
  return row;
}
