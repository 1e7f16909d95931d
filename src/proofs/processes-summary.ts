/** One pass over `processes.jsonl` in bounded memory. Never keeps the programs themselves. */
import { ProcessLine } from '../schema/quick.ts';
import type { Loaded, ProcessesSummary } from './evidence.ts';
import { scanLines } from './lines.ts';

/**
 * Summarizes the lines of `processes.jsonl`, in order, without their line ends.
 * @returns a problem only where the lines could not be read to their end
 */
export async function summarizeProcesses(lines: AsyncIterable<string>): Promise<Loaded<ProcessesSummary>> {
  let denied = 0;
  const scan = await scanLines(lines, ProcessLine, (record) => {
    if (record.verdict === 'denied') denied += 1;
  });
  return scan.problem === undefined ? { value: { ...scan.value, denied } } : scan;
}
