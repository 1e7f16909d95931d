/**
 * Reads Case's own events and puts them into the harness's words. Each of its events is kept as `engine.case.<name>` with
 * its own fields; two of ours are made beside them, and only from what they say:
 *
 * | Case says | we add |
 * | --- | --- |
 * | `pipeline_start`, `revision_requested` | `plan.updated` |
 * | `phase_end` of `implement`, completed, and the trees do differ | `patch.applied` |
 *
 * What is no event of Case's is counted and left where it lies. Pure; never throws.
 */
import * as z from '../schema/zod.ts';
import type { NormalizedEvents, RawEvents } from './engine.ts';
import { readJsonLines } from './event-lines.ts';

const CaseEvent = z.looseObject({
  event: z.enum([
    'pipeline_start',
    'phase_start',
    'phase_end',
    'tool_start',
    'tool_end',
    'revision_requested',
    'revision_budget_exhausted',
    'status_changed',
    'marker_written',
    'pipeline_end',
  ]),
  sequence: z.int().min(1),
});
type CaseEvent = z.infer<typeof CaseEvent>;

export function readCaseEvents({ text, changed }: RawEvents): NormalizedEvents {
  let expected = 1;
  return readJsonLines(text, (value) => {
    const { data: event } = CaseEvent.safeParse(value);
    if (event === undefined) return { events: [], problem: 'is no event that Case documents' };
    const problem = event.sequence === expected ? undefined : `has number ${event.sequence}, not ${expected}`;
    expected = event.sequence + 1;
    return { events: mapped(event, changed), ...(problem === undefined ? {} : { problem }) };
  });
}

function mapped(event: CaseEvent, changed: boolean): NormalizedEvents['events'] {
  const { event: name, ...data } = event;
  const own = { type: `engine.case.${name}`, data };
  const from = { from: `engine.case.${name}`, sequence: event.sequence };
  if (name === 'pipeline_start' || name === 'revision_requested')
    return [own, { type: 'plan.updated', data: { ...from, phases: phasesOf(event) } }];
  const isPatch = name === 'phase_end' && event.phase === 'implement' && event.outcome === 'completed';
  return isPatch && changed ? [own, { type: 'patch.applied', data: from }] : [own];
}

function phasesOf({ plan }: CaseEvent): string[] {
  const phases = (plan as { phases?: unknown } | undefined)?.phases;
  if (!Array.isArray(phases)) return [];
  return phases.map((one: unknown) => String((one as { phase?: unknown } | null)?.phase ?? ''));
}
