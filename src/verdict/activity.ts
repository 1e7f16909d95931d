/**
 * What an engine did, summed up from the recorder's records in bounded memory: attempts over time, attempts by
 * path, programs. For reports and attestations; the proofs read every record themselves.
 */
import { join } from 'node:path';
import { fileLines } from '../evidence/lines.ts';
import { ProcessLine, WriteLine } from '../schema/quick.ts';

/** Attempts in a row of equal spans of time, from the recorder's start. */
export interface Timeline {
  /** milliseconds each bucket spans */
  width_ms: number;
  allowed: number[];
  denied: number[];
}

export interface PathActivity {
  path: string;
  allowed: number;
  denied: number;
  /** kinds of access, sorted */
  accesses: string[];
}

export interface ProgramActivity {
  t_ms: number;
  pid: number;
  ppid: number;
  path: string;
  argv: string[];
  verdict: 'allowed' | 'denied';
}

export interface Activity {
  timeline: Timeline;
  /** sorted by path */
  paths: PathActivity[];
  /** attempts on paths beyond the bound */
  other_paths: { allowed: number; denied: number };
  programs: ProgramActivity[];
  /** programs beyond the bound */
  other_programs: number;
}

/** Beyond them attempts and programs are counted, not listed. */
const MAX_PATHS = 5000;
const MAX_PROGRAMS = 2000;
const BUCKETS = 240;

/** Reads both records of a bundle. A line that does not parse is left out: the proofs fail on it. */
export async function readActivity(artifacts: string): Promise<Activity> {
  const timeline: Timeline = { width_ms: 1, allowed: zeros(), denied: zeros() };
  const paths = new Map<string, { allowed: number; denied: number; accesses: Set<string> }>();
  const other = { allowed: 0, denied: 0 };
  for await (const record of records(join(artifacts, 'writes.jsonl'), WriteLine)) {
    count(timeline, record.t_ms, record.verdict);
    let entry = paths.get(record.resolved);
    if (entry === undefined && paths.size < MAX_PATHS) {
      entry = { allowed: 0, denied: 0, accesses: new Set() };
      paths.set(record.resolved, entry);
    }
    (entry ?? other)[record.verdict] += 1;
    entry?.accesses.add(record.access);
  }
  const programs: ProgramActivity[] = [];
  let otherPrograms = 0;
  for await (const { t_ms, pid, ppid, resolved, argv, verdict } of records(
    join(artifacts, 'processes.jsonl'),
    ProcessLine,
  )) {
    if (programs.length < MAX_PROGRAMS) programs.push({ t_ms, pid, ppid, path: resolved, argv, verdict });
    else otherPrograms += 1;
  }
  return {
    timeline,
    paths: [...paths]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, { allowed, denied, accesses }]) => ({
        path,
        allowed,
        denied,
        accesses: [...accesses].sort(),
      })),
    other_paths: other,
    programs,
    other_programs: otherPrograms,
  };
}

function zeros(): number[] {
  return new Array<number>(BUCKETS).fill(0);
}

/** A time beyond the last bucket doubles the width of all, so that any run fits. */
function count(timeline: Timeline, t_ms: number, verdict: 'allowed' | 'denied'): void {
  while (t_ms >= timeline.width_ms * BUCKETS) {
    timeline.width_ms *= 2;
    for (const row of [timeline.allowed, timeline.denied]) {
      for (let at = 0; at < BUCKETS; at += 1)
        row[at] = 2 * at + 1 < BUCKETS ? (row[2 * at] ?? 0) + (row[2 * at + 1] ?? 0) : 0;
    }
  }
  const at = Math.floor(t_ms / timeline.width_ms);
  timeline[verdict][at] = (timeline[verdict][at] ?? 0) + 1;
}

async function* records<T>(
  path: string,
  schema: { safeParse(value: unknown): { data?: T | undefined } },
): AsyncGenerator<T> {
  for await (const line of fileLines(path)) {
    const { data } = schema.safeParse(parsed(line));
    if (data !== undefined) yield data;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
