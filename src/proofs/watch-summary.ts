/** One pass over `watch.jsonl` in bounded memory. Never keeps the paths themselves. */
import { WatchLine } from '../schema/quick.ts';
import type { WatchRecord } from '../schema/tree.ts';
import type { Loaded, WatchSummary } from './evidence.ts';
import { scanLines } from './lines.ts';

const MAX_ERRORS = 10;

/**
 * Summarizes the lines of `watch.jsonl`, in order, without their line ends.
 * @param also told of every sound record, for whoever needs them in the same pass
 * @returns a problem only where the lines could not be read to their end
 */
export async function summarizeWatch(
  lines: AsyncIterable<string>,
  also: (record: WatchRecord) => void = () => undefined,
): Promise<Loaded<WatchSummary>> {
  const errors = { count: 0, first: [] as string[] };
  let ready: number | null = null;
  let drained: number | null = null;
  const scan = await scanLines(lines, WatchLine, (record, line) => {
    also(record);
    if (record.event === 'ready' && line === 1) ready = record.t_ms;
    // Only a `drained` on the last line says that nothing is missing: each later record takes it back.
    drained = record.event === 'drained' ? record.t_ms : null;
    if (record.event !== 'error') return;
    errors.count += 1;
    if (errors.first.length < MAX_ERRORS) errors.first.push(record.message ?? record.path);
  });
  if (scan.problem !== undefined) return scan;
  return { value: { ...scan.value, ready_ms: ready, drained_ms: drained, errors } };
}
