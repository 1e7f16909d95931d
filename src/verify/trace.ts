/** Whether trace.jsonl is one sound trace of this run: one root, children inside it, clocks within the run. */

import type { RunDocument } from '../schema/run.ts';
import * as z from '../schema/zod.ts';
import type { Problem } from './check.ts';

const Nanoseconds = z.string().regex(/^[0-9]{1,20}$/);
const Attribute = z.looseObject({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const Span = z.looseObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string().min(1),
  startTimeUnixNano: Nanoseconds,
  endTimeUnixNano: Nanoseconds,
});
const Line = z.looseObject({
  resourceSpans: z.tuple([
    z.looseObject({
      resource: z.looseObject({ attributes: z.array(Attribute) }),
      scopeSpans: z.tuple([z.looseObject({ spans: z.tuple([Span]) })]),
    }),
  ]),
});
type Span = z.infer<typeof Span>;

/** Spans are laid on the wall clock's start by the monotonic clock, documents cut both to milliseconds. */
const SLACK_NS = 1_000_000_000n;

export function traceProblems(lines: string[], run: RunDocument): Problem[] {
  const problems: Problem[] = [];
  const spans: Span[] = [];
  for (const [index, text] of lines.entries()) {
    const line = parse(text);
    const bad = (what: string) => problems.push({ file: 'trace.jsonl', what: `line ${index + 1} ${what}` });
    if (line === null) {
      bad('is no span');
      continue;
    }
    const [{ resource, scopeSpans }] = line.resourceSpans;
    const attributes = new Map(resource.attributes.map(({ key, value }) => [key, value.stringValue]));
    if (attributes.get('proofbox.nonce') !== run.nonce || attributes.get('proofbox.run_id') !== run.run_id)
      bad('is of another run');
    const span = scopeSpans[0].spans[0];
    for (const what of spanProblems(span, spans[0], run)) bad(what);
    if (spans.some(({ spanId }) => spanId === span.spanId)) bad('has the id of another span');
    spans.push(span);
  }
  if (spans.length < 2) problems.push({ file: 'trace.jsonl', what: 'holds no steps' });
  return problems;
}

function spanProblems(span: Span, root: Span | undefined, run: RunDocument): string[] {
  const problems: string[] = [];
  const [start, end] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)];
  if (end < start) problems.push('ends before it starts');
  if (root === undefined) {
    if (span.parentSpanId !== undefined) problems.push('is no root');
    // By the monotonic clock: a wall clock that was set meanwhile is the freshness proof's business.
    const from = BigInt(Date.parse(run.started_at)) * 1_000_000n;
    const to = from + BigInt(Math.round(run.wall_ms * 1e6));
    if (start < from - SLACK_NS || end < to - SLACK_NS || end > to + 60n * SLACK_NS)
      problems.push('does not span the run');
    return problems;
  }
  if (span.traceId !== root.traceId) problems.push('is of another trace');
  if (span.parentSpanId !== root.spanId) problems.push('is no child of the run');
  if (start < BigInt(root.startTimeUnixNano) || end > BigInt(root.endTimeUnixNano))
    problems.push('is not inside the run');
  return problems;
}

function parse(text: string): z.infer<typeof Line> | null {
  try {
    return Line.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
