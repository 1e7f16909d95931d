/**
 * Reads a JSON-lines document of the bundle once, in bounded memory, and notes the first line that is not
 * as it must be. Never repairs a line and never stops counting at a bad one.
 */
import type { LineSchema } from '../schema/quick.ts';
import type { LineProblem, Loaded } from './evidence.ts';

/** What every JSON-lines document has in common. */
export interface Scan {
  count: number;
  nonce: string | null;
  problem: LineProblem | null;
}

interface Line {
  seq: number;
  t_ms: number;
  nonce?: string | undefined;
}

/**
 * Scans a document whose records carry `seq` from 1 without a gap, a `t_ms` that never falls, and the nonce
 * on the first line only.
 * @param each called with every sound record and its line number
 */
export async function scanLines<T extends Line>(
  lines: AsyncIterable<string>,
  schema: LineSchema<T>,
  each: (record: T, line: number) => void,
): Promise<Loaded<Scan>> {
  const scan: Scan = { count: 0, nonce: null, problem: null };
  let expected = 1;
  let clock = 0;
  const report = (what: string) => {
    scan.problem ??= { line: scan.count, what };
  };
  try {
    for await (const text of lines) {
      scan.count += 1;
      const record = parseLine(text, schema);
      if (typeof record === 'string') {
        report(record);
        continue;
      }
      if (record.seq !== expected) report(`breaks the sequence: expected ${expected}, found ${record.seq}`);
      if (record.t_ms < clock) report('goes back in time');
      if (scan.count === 1) scan.nonce = record.nonce ?? null;
      else if (record.nonce !== undefined) report('carries a nonce, which only the first line may');
      expected = record.seq + 1;
      clock = Math.max(clock, record.t_ms);
      each(record, scan.count);
    }
  } catch (cause) {
    return { problem: `cannot be read after line ${scan.count}: ${(cause as Error).message}` };
  }
  return { value: scan };
}

/** The record, or what is wrong with the line. */
function parseLine<T>(text: string, schema: LineSchema<T>): T | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON, or was cut off';
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return `breaks the schema at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'not valid'}`;
}
