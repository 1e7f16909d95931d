/** Whether the containers of `cage.json` are of this run: their names, images and times. */
import type { CageDocument, CageRecord } from '../schema/cage.ts';
import { Inspect } from '../schema/inspect.ts';
import type { RunDocument } from '../schema/run.ts';
import { cageRecords, engineCage } from './cages.ts';
import type { Evidence } from './evidence.ts';
import { type Finding, place } from './outcome.ts';
import { runOf } from './tests-source.ts';
import { isInRun } from './window.ts';

/** Everything about the containers that does not belong to this run. */
export function freshCages(evidence: Evidence, document: CageDocument): Finding[] {
  const findings: Finding[] = [];
  engineCage(document, findings);
  const ids = new Set<string>();
  for (const { at, record } of cageRecords(document)) {
    const run = runOf(evidence, record);
    const problems = [...identity(run, record), ...times(run, record)];
    if (ids.has(record.container_id)) problems.push('has the container of another cage');
    ids.add(record.container_id);
    if (!record.removed) problems.push('was not removed');
    if (record.begun_at === null && record.exit.ended_by === 'engine_exit')
      problems.push('ended by itself and was never told to begin');
    if (record.role === 'tests_after') problems.push(...turn(document.engine, record));
    for (const problem of problems) {
      findings.push({
        code: 'evidence_incomplete',
        message: `the container of ${record.role} ${problem}`,
        place: place('cage', at),
      });
    }
  }
  return findings;
}

function identity(run: RunDocument, record: CageRecord): string[] {
  const problems: string[] = [];
  const { requested, seen, end } = record;
  for (const key of ['inspect_created', 'inspect_exited'] as const) {
    const inspect = Inspect.safeParse(record[key]);
    if (!inspect.success) problems.push(`has no sound ${key}`);
    else {
      if (inspect.data.Id !== record.container_id) problems.push(`has another id in ${key}`);
      if (inspect.data.Image !== run.image.digest) problems.push(`is of another image in ${key}`);
    }
  }
  if (record.image.digest !== run.image.digest || requested.Image !== run.image.digest) {
    problems.push("is of another image than the run's");
  }
  const { nonce } = run;
  const asked = Array.isArray(requested.Cmd) ? requested.Cmd[requested.Cmd.indexOf('--nonce') + 1] : null;
  if (asked !== nonce || seen?.nonce !== nonce || end?.nonce !== nonce)
    problems.push('carries another nonce');
  return problems;
}

/**
 * The tests on the result begin when the engine's container is over, however early their own was made: by the harness's
 * clock and by the container engine's. A record without the moment is of a version that made the container only then.
 */
function turn(engine: CageRecord | null, tests: CageRecord): string[] {
  // Nothing ran in it, and the proof of the tests says so.
  if (tests.begun_at === null) return [];
  const begun = Date.parse(tests.begun_at ?? tests.created_at);
  const exited = Inspect.safeParse(engine?.inspect_exited);
  const over = [engine?.finished_at ?? '', exited.success ? exited.data.State.FinishedAt : ''];
  return over.every((moment) => begun >= Date.parse(moment))
    ? []
    : ['ran its tests before the engine was gone'];
}

function times(run: RunDocument, record: CageRecord): string[] {
  const { begun_at: begun = null } = record;
  const own = [record.created_at, record.started_at, ...(begun === null ? [] : [begun]), record.finished_at];
  const exited = Inspect.safeParse(record.inspect_exited);
  const engines = exited.success
    ? [exited.data.Created, exited.data.State.StartedAt, exited.data.State.FinishedAt]
    : [];
  return [own, engines].flatMap((moments) => {
    if (moments.some((moment) => moment === null || !isInRun(run, moment)))
      return ['did not live within the run'];
    const order = moments.map((moment) => Date.parse(moment ?? ''));
    return order.some((time, index) => index > 0 && time < (order[index - 1] ?? 0))
      ? ['ended before it began']
      : [];
  });
}
