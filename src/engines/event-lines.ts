/**
 * Reads `/artifacts/backend/events.jsonl`, the one format in which an engine may speak for itself: one object
 * `{"type", "data"}` a line. What an engine says is never promoted to what the harness saw.
 */
import { z } from 'zod';
import type { NormalizedEvents } from './engine.ts';

const Line = z.object({
  type: z.string().min(1).max(200),
  data: z.record(z.string(), z.unknown()).optional(),
});

/** Only these may an engine say; everything else under `engine.` is its own business. */
const SAYABLE = new Set(['plan.updated', 'patch.applied']);

const MAX_LINE = 64 * 1024;
const MAX_EVENTS = 10_000;
const MAX_PROBLEMS = 5;

/** Never throws; what does not fit is counted. */
export function readEventLines(text: string | null): NormalizedEvents {
  const result: NormalizedEvents = { events: [], unmapped: 0, problems: [] };
  const refuse = (line: number, why: string) => {
    result.unmapped += 1;
    if (result.problems.length < MAX_PROBLEMS) result.problems.push(`line ${line} ${why}`);
  };
  if (text === null) return result;
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    if (line.length > MAX_LINE) refuse(index + 1, 'is too long');
    else if (result.events.length === MAX_EVENTS)
      refuse(index + 1, `is past the ${MAX_EVENTS} events that are kept`);
    else readLine(line, index + 1, result, refuse);
  }
  return result;
}

function readLine(
  line: string,
  number: number,
  result: NormalizedEvents,
  refuse: (line: number, why: string) => void,
): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    refuse(number, 'is not JSON');
    return;
  }
  const parsed = Line.safeParse(value);
  if (!parsed.success) refuse(number, 'is not an event');
  else if (SAYABLE.has(parsed.data.type) || parsed.data.type.startsWith('engine.')) {
    result.events.push({ type: parsed.data.type, data: parsed.data.data ?? {} });
  } else
    refuse(number, `claims ${JSON.stringify(parsed.data.type.slice(0, 60))}, which only the harness may say`);
}
