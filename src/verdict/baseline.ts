/** Sets a run beside its same-run fake lane. Pure. */
import type { Baseline, BaselineSummary } from '../schema/baseline.ts';
import type { Digest } from '../schema/common.ts';
import { blockerCodes, type Report } from '../schema/report.ts';

type Compared = Pick<
  Report,
  | 'run_id'
  | 'status'
  | 'blockers'
  | 'changed_files'
  | 'verification'
  | 'writes'
  | 'recorder'
  | 'usage'
  | 'artifact_digests'
>;

/**
 * What a finished fake lane came to.
 * @param bundle digest of its digests.json
 */
export function summarizeBaseline(report: Compared, bundle: Digest): BaselineSummary {
  return { directory: 'baseline', bundle, ...outcomeOf(report) };
}

/** The report's section: the summary as the run noted it, and what differs. */
export function compareWithBaseline(summary: BaselineSummary, report: Compared): Baseline {
  const run = outcomeOf(report);
  const fakeFiles = new Map(summary.changed_files.map((file) => [file.path, file]));
  const runFiles = new Map(run.changed_files.map((file) => [file.path, file]));
  const paths = [...new Set([...fakeFiles.keys(), ...runFiles.keys()])].sort();
  const changed = paths.map((path) => {
    const [fake, own] = [changeOf(fakeFiles.get(path)), changeOf(runFiles.get(path))];
    return { path, fake, run: own, same: fake?.change === own?.change && fake?.after === own?.after };
  });
  const sameTests = summary.tests.before === run.tests.before && summary.tests.after === run.tests.after;
  return {
    ...summary,
    comparison: {
      same_result: sameTests && changed.every(({ same }) => same),
      changed_files: changed,
      measures: measuresOf(summary, run),
      artifacts: { fake: 'baseline/artifacts', run: 'artifacts' },
    },
  };
}

type Outcome = Omit<BaselineSummary, 'directory' | 'bundle'>;

function outcomeOf(report: Compared): Outcome {
  const { writes, usage, verification } = report;
  const roots = [writes.workspace, writes.artifacts, writes.device, writes.kernel, writes.none];
  return {
    run_id: report.run_id,
    status: report.status,
    blockers: blockerCodes(report.blockers),
    changed_files: report.changed_files.map(({ path, change, after }) => ({ path, change, after })),
    tests: { before: verification?.before?.passed ?? null, after: verification?.after?.passed ?? null },
    writes: {
      workspace: writes.workspace.allowed,
      artifacts: writes.artifacts.allowed,
      denied: roots.reduce((sum, { denied }) => sum + denied, 0),
    },
    programs: report.recorder.programs,
    wall_ms: usage.wall_ms,
    engine_wall_ms: usage.engine_wall_ms,
    artifacts: report.artifact_digests,
  };
}

function measuresOf(fake: Outcome, run: Outcome): Baseline['comparison']['measures'] {
  const both: [name: string, of: (outcome: Outcome) => number | null][] = [
    ['changed files', ({ changed_files: files }) => files.length],
    ['writes in /workspace', ({ writes }) => writes.workspace],
    ['writes in /artifacts', ({ writes }) => writes.artifacts],
    ['refused attempts', ({ writes }) => writes.denied],
    ['programs started', ({ programs }) => programs],
    ['engine, ms', ({ engine_wall_ms: ms }) => ms],
    ['whole run, ms', ({ wall_ms: ms }) => ms],
  ];
  return both.map(([name, of]) => ({ name, fake: of(fake), run: of(run) }));
}

function changeOf(file: BaselineSummary['changed_files'][number] | undefined) {
  return file === undefined ? null : { change: file.change, after: file.after };
}
