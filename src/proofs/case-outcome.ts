/**
 * What Case says of itself, set beside what was seen. Its exit code means nothing: it was seen to end with 0 after a failed
 * pipeline, and to skip every phase and call that a success.
 */

import type { NormalizedEvent } from '../schema/event.ts';
import type { Blocker, EngineClaims } from '../schema/report.ts';
import * as z from '../schema/zod.ts';
import type { Evidence } from './evidence.ts';

/** Without these nothing was made and nothing was looked at; the plan may name more. */
const ALWAYS = ['implement', 'review'];
/** Looks back on a run that is over. */
const NEVER = ['retrospective'];

const PhaseEnd = z.looseObject({ phase: z.string(), outcome: z.string() });
const Said = z.looseObject({
  artifacts: z
    .looseObject({
      commit: z.string().nullable().catch(null),
      filesChanged: z.array(z.string()).catch([]),
      testsPassed: z.boolean().nullable().catch(null),
    })
    .catch({ commit: null, filesChanged: [], testsPassed: null }),
});

const MAX_FILES = 200;
const MAX_TEXT = 500;

/** A blocker where Case's own events do not say that it did its work. */
export function caseBlockers({ contract, events }: Evidence): Blocker[] {
  if (contract.value?.engine.name !== 'case' || events.value === undefined) return [];
  const said = ownEvents(events.value);
  const why = problemOf(said);
  if (why === null) return [];
  return [{ code: 'engine_failed', message: why, requirement: 'R12' }];
}

/** What it claims, and every claim that what was seen contradicts; null for another engine. */
export function caseClaims(
  { contract, events }: Evidence,
  seen: { files: string[]; testsPassed: boolean | null },
): EngineClaims | null {
  if (contract.value?.engine.name !== 'case') return null;
  const said = ownEvents(events.value ?? []);
  const ends = said.filter(({ type }) => type === 'pipeline_end');
  const implemented = said.filter(
    ({ type, data }) => type === 'phase_end' && data.phase === 'implement' && data.result,
  );
  const { artifacts } = Said.catch({
    artifacts: { commit: null, filesChanged: [], testsPassed: null },
  }).parse(implemented.at(-1)?.data.result ?? {});
  const files = artifacts.filesChanged
    .slice(0, MAX_FILES)
    .map((file) => cut(file.replace(/^\/workspace\//, '')));
  const outcome = ends.at(-1)?.data.outcome;
  const claims = {
    outcome: typeof outcome === 'string' ? cut(outcome) : null,
    tests_passed: artifacts.testsPassed,
    files_changed: files,
    commit: artifacts.commit === null ? null : cut(artifacts.commit),
  };
  return { ...claims, contradictions: contradictions(claims, seen) };
}

function contradictions(
  claims: Omit<EngineClaims, 'contradictions'>,
  seen: { files: string[]; testsPassed: boolean | null },
): string[] {
  const found: string[] = [];
  if (claims.tests_passed !== null && seen.testsPassed !== null && claims.tests_passed !== seen.testsPassed)
    found.push(
      `it says that the tests ${passed(claims.tests_passed)}; here they ${passed(seen.testsPassed)}`,
    );
  if (claims.outcome === 'completed' && seen.files.length === 0)
    found.push('it says that it completed; no file changed');
  for (const file of claims.files_changed)
    if (!seen.files.includes(file)) found.push(`it says that it changed ${file}, which is as it was`);
  if (claims.files_changed.length > 0)
    for (const file of seen.files.slice(0, MAX_FILES))
      if (!claims.files_changed.includes(file)) found.push(`it changed ${file} and does not say so`);
  return found;
}

function passed(value: boolean): string {
  return value ? 'passed' : 'failed';
}

function problemOf(said: OwnEvent[]): string | null {
  const ends = said.filter(({ type }) => type === 'pipeline_end');
  const [end] = ends;
  if (end === undefined) return 'Case never said that its pipeline ended';
  if (ends.length > 1 || said.at(-1) !== end) return 'Case went on after its pipeline had ended';
  if (end.data.outcome !== 'completed')
    return `Case says that its pipeline ended as ${cut(String(end.data.outcome))}`;
  const planned = said.filter(({ type }) => type === 'pipeline_start').flatMap(({ data }) => phasesOf(data));
  for (const phase of new Set([...ALWAYS, ...planned])) {
    if (NEVER.includes(phase)) continue;
    const outcomes = said
      .filter(({ type }) => type === 'phase_end')
      .flatMap(({ data }) => PhaseEnd.safeParse(data).data ?? [])
      // Steps of a revision that was not needed are skipped after a phase that was done.
      .filter((one) => one.phase === phase && one.outcome !== 'skipped');
    if (outcomes.length === 0) return `Case skipped the phase ${cut(phase)}`;
    if (outcomes.at(-1)?.outcome !== 'completed') return `Case's phase ${cut(phase)} did not complete`;
  }
  return null;
}

interface OwnEvent {
  type: string;
  data: Record<string, unknown>;
}

const PREFIX = 'engine.case.';

function ownEvents(events: NormalizedEvent[]): OwnEvent[] {
  return events
    .filter(({ source, type }) => source === 'engine' && type.startsWith(PREFIX))
    .map(({ type, data }) => ({ type: type.slice(PREFIX.length), data }));
}

function phasesOf({ plan }: Record<string, unknown>): string[] {
  const phases = z.looseObject({ phases: z.array(z.looseObject({ phase: z.string() })) }).safeParse(plan);
  return phases.data?.phases.map(({ phase }) => phase) ?? [];
}

function cut(text: string): string {
  return text.slice(0, MAX_TEXT);
}
