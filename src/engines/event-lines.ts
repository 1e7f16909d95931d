/**
 * Reads what an engine says of itself, line by line. What an engine says is never promoted to what the harness saw; what
 * does not fit is counted and left where it lies.
 */
import * as z from '../schema/zod.ts';
import type { NormalizedEvents } from './engine.ts';

type Event = NormalizedEvents['events'][number];

const MAX_LINE = 64 * 1024;
const MAX_EVENTS = 10_000;
const MAX_PROBLEMS = 5;

/**
 * Reads JSON lines, bounded. Never throws.
 * @param read the events of one line, and what is wrong with it or its place; neither stops the reading
 */
export function readJsonLines(
  text: string | null,
  read: (value: unknown) => { events: Event[]; problem?: string },
): NormalizedEvents {
  const result: NormalizedEvents = { events: [], unmapped: 0, problems: [] };
  for (const [index, line] of (text ?? '').split('\n').entries()) {
    if (line === '') continue;
    const { events, problem } = readLine(line, result.events.length, read);
    result.events.push(...events);
    if (problem === undefined) continue;
    result.unmapped += 1;
    if (result.problems.length < MAX_PROBLEMS) result.problems.push(`line ${index + 1} ${problem}`);
  }
  return result;
}

function readLine(
  line: string,
  before: number,
  read: (value: unknown) => { events: Event[]; problem?: string },
): { events: Event[]; problem?: string } {
  if (line.length > MAX_LINE) return { events: [], problem: 'is too long' };
  if (before >= MAX_EVENTS) return { events: [], problem: `is past the ${MAX_EVENTS} events that are kept` };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { events: [], problem: 'is not JSON' };
  }
  return read(value);
}

/** Below /artifacts/backend: the one format in which any engine may speak, one object `{"type", "data"}` a line. */
export const EVENTS_FILE = { file: 'events.jsonl' };

const Line = z.object({
  type: z.string().min(1).max(200),
  data: z.record(z.string(), z.unknown()).optional(),
});

/** Only these may an engine say; everything else under `engine.` is its own business. */
const SAYABLE = new Set(['plan.updated', 'patch.applied']);

/** Reads the lines of EVENTS_FILE. */
export function readEventLines(text: string | null): NormalizedEvents {
  return readJsonLines(text, (value) => {
    const { data: event } = Line.safeParse(value);
    if (event === undefined) return { events: [], problem: 'is not an event' };
    const { type, data = {} } = event;
    if (SAYABLE.has(type) || type.startsWith('engine.')) return { events: [{ type, data }] };
    const claimed = JSON.stringify(type.slice(0, 60));
    return { events: [], problem: `claims ${claimed}, which only the harness may say` };
  });
}
