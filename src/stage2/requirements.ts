/** What each requirement of the Stage 2 route asks of the evidence. Pure: evidence in, problems out. */

import { type BlockerCode, ForbiddenKind } from '../schema/common.ts';
import { PASS_EVENTS } from '../schema/event.ts';
import { GATE_VALUES } from '../schema/gates.ts';
import type { ForbiddenDocument, ProofId, Report } from '../schema/report.ts';
import type { RequirementResult } from '../schema/stage2.ts';

/** What one run left, as far as requirements ask. */
export interface SeenRun {
  name: string;
  report: Report;
  /** types of events.normalized.jsonl, in order */
  events: string[];
  forbidden: ForbiddenDocument;
  /** containers on record in cage.json */
  cages: number;
  /** files of the bundle */
  files: string[];
}

export interface Stage2Evidence {
  /** runs with gates closed, by what was closed; each with the blockers it must have */
  closed: { run: SeenRun; codes: BlockerCode[] }[];
  passing: SeenRun;
  failures: { run: SeenRun; code: BlockerCode }[];
  /** the default lane after everything else */
  after: SeenRun;
  /** name of the engine that runs where none is named */
  defaultEngine: string;
  /** engines that may run without a gate */
  enabled: string[];
  /** commands of the program that take --json */
  jsonCommands: string[];
  stage1Passed: boolean;
}

type Place = RequirementResult['evidence'][number];
interface Finding {
  problems: (string | false)[];
  evidence: Place[];
}
interface Requirement {
  id: string;
  statement: string;
  look(evidence: Stage2Evidence): Finding;
}

/** Artifacts that R10 names. */
const R10_FILES = [
  'report.json',
  'report.md',
  'events.normalized.jsonl',
  'trace.jsonl',
  'patch.diff',
  'test.log',
  'backend/stdout.log',
  'backend/stderr.log',
];
/** Places that R7 names, as forbidden.json calls them. */
const R7_PLACES = ['contract', 'argv', 'environment', 'inputs', 'config'];
/** Kinds of roots that R9 names. */
const R9_KINDS = ForbiddenKind.options;
const SIX: BlockerCode[] = [
  'no_diff',
  'disallowed_file',
  'tests_failed',
  'missing_test_command',
  'missing_required_event',
  'provider_unavailable',
];

const at = ({ name }: SeenRun, file: string, place: string): Place => ({
  file: `${name}/artifacts/${file}`,
  at: place,
});

function proof({ name, report }: SeenRun, ...ids: ProofId[]): Finding {
  const found = ids.map((id) => report.proofs.find((one) => one.id === id));
  return {
    problems: found.map(
      (one, index) =>
        one?.status !== 'passed' && `${name}: the proof ${ids[index]} is ${one?.status ?? 'missing'}`,
    ),
    evidence: ids.map((id) => ({
      file: `${name}/artifacts/report.json`,
      at: `/proofs/${report.proofs.findIndex((one) => one.id === id)}`,
    })),
  };
}

function both(...findings: Finding[]): Finding {
  return {
    problems: findings.flatMap(({ problems }) => problems),
    evidence: findings.flatMap(({ evidence }) => evidence),
  };
}

function says(run: SeenRun, place: string, isSo: boolean, problem: string): Finding {
  return { problems: [!isSo && `${run.name}: ${problem}`], evidence: [at(run, 'report.json', place)] };
}

function hasCode(run: SeenRun, code: BlockerCode): Finding {
  const index = run.report.blockers.findIndex((blocker) => blocker.code === code);
  return says(run, `/blockers/${index}`, index !== -1, `has no blocker ${code}`);
}

/** Every run with this gate closed says so. */
function closedBy({ closed }: Stage2Evidence, code: BlockerCode): Finding {
  const runs = closed.filter(({ codes }) => codes.includes(code));
  return both(
    { problems: [runs.length === 0 && `no run was made to show ${code}`], evidence: [] },
    ...runs.map(({ run }) => hasCode(run, code)),
  );
}

export const REQUIREMENTS: Requirement[] = [
  {
    id: 'R1',
    statement: 'The engine case is disabled by default.',
    look: (evidence) =>
      both(closedBy(evidence, 'case_disabled'), {
        problems: [evidence.enabled.includes('case') && 'the engine case is listed as enabled'],
        evidence: [],
      }),
  },
  {
    id: 'R2',
    statement: 'CTO_HARNESS_ALLOW_CASE=1 is required.',
    look: (evidence) =>
      both(closedBy(evidence, 'case_disabled'), openGate(evidence.passing, 'CTO_HARNESS_ALLOW_CASE')),
  },
  {
    id: 'R3',
    statement: 'CTO_HARNESS_CASE_STAGE=2 is required before Case executes.',
    look: (evidence) =>
      both(closedBy(evidence, 'stage_gate_missing'), openGate(evidence.passing, 'CTO_HARNESS_CASE_STAGE')),
  },
  {
    id: 'R4',
    statement: 'A missing gate emits blocked evidence and does not run Case.',
    look: ({ closed }) =>
      both(
        ...closed.flatMap(({ run, codes }) => [
          says(run, '/status', run.report.status === 'blocked', `is ${run.report.status}, not blocked`),
          says(run, '/case_process_started', !run.report.case_process_started, 'says that Case was started'),
          {
            problems: [
              run.cages > 0 && `${run.name}: has containers on record`,
              codes.join() !== run.report.blockers.map(({ code }) => code).join() &&
                `${run.name}: is blocked by other gates than ${codes.join(', ')}`,
            ],
            evidence: [at(run, 'cage.json', '/engine')],
          },
        ]),
      ),
  },
  {
    id: 'R5',
    statement: 'A passing run mutates only the copied workspace.',
    look: ({ passing }) =>
      both(
        says(passing, '/status', passing.report.status === 'passed', `is ${passing.report.status}`),
        says(passing, '/changed_files', passing.report.changed_files.length > 0, 'changed no file'),
        proof(passing, 'changes_allowed', 'allowed_writes', 'witnesses_agree', 'no_target_mutation'),
      ),
  },
  {
    id: 'R6',
    statement: 'No Target Repository path is inspected or copied.',
    look: ({ passing }) =>
      both(guards(passing, ['target_repository']), proof(passing, 'no_target_inspection')),
  },
  {
    id: 'R7',
    statement: 'Contract, arguments, inputs, environment and config expose no Target Repository path.',
    look: ({ passing }) =>
      both(guards(passing, ['target_repository']), {
        problems: [
          ...R7_PLACES.map(
            (place) =>
              !passing.forbidden.searched.includes(place) && `${passing.name}: ${place} was not searched`,
          ),
          passing.forbidden.exposures.length > 0 && `${passing.name}: a path of a forbidden root was found`,
        ],
        evidence: [at(passing, 'forbidden.json', '/searched'), at(passing, 'forbidden.json', '/exposures')],
      }),
  },
  {
    id: 'R8',
    statement: 'Writable roots are exactly runtime_workspace_root and run_artifact_dir.',
    look: ({ passing, stage1Passed }) =>
      both(
        proof(passing, 'cage_mounts', 'cage_privileges', 'recorder_coverage', 'allowed_writes'),
        says(
          passing,
          '/cage/binds',
          passing.report.cage.binds.join() === '/artifacts,/workspace',
          'has other binds',
        ),
        {
          problems: [!stage1Passed && 'stage 1 did not pass'],
          evidence: [{ file: 'stage1.json', at: '/passed' }],
        },
      ),
  },
  {
    id: 'R9',
    statement:
      'Nothing changes under harness source, target repo, Case source, vendor source, external developer repositories, Hermes WebUI, Cortex Core.',
    look: ({ passing }) => both(guards(passing, R9_KINDS), proof(passing, 'no_target_mutation')),
  },
  {
    id: 'R10',
    statement: 'The artifacts are there: report, events, trace, patch, test log, raw backend logs.',
    look: ({ passing }) =>
      both(proof(passing, 'artifacts'), {
        problems: R10_FILES.map(
          (file) => !passing.files.includes(file) && `${passing.name}: ${file} is missing`,
        ),
        evidence: [at(passing, 'digests.json', '/files')],
      }),
  },
  {
    id: 'R11',
    statement: 'report.json says what Stage 2 asks of it.',
    look: ({ passing }) => {
      const { report } = passing;
      return both(
        says(passing, '/backend', report.backend === 'case', `has the backend ${report.backend}`),
        says(
          passing,
          '/source_admission_status',
          report.source_admission_status === 'not_admitted',
          `has the admission ${report.source_admission_status}`,
        ),
        says(passing, '/case_process_started', report.case_process_started, 'says that Case never started'),
        says(
          passing,
          '/allowed_writes_passed',
          report.allowed_writes_passed,
          'has no passed allowed-write proof',
        ),
        says(
          passing,
          '/artifact_digests',
          Object.keys(report.artifact_digests).length > 0,
          'names no digests',
        ),
        proof(passing, 'freshness'),
      );
    },
  },
  {
    id: 'R12',
    statement: `A pass has the events ${PASS_EVENTS.join(', ')}.`,
    look: ({ passing }) =>
      both(proof(passing, 'events'), {
        problems: PASS_EVENTS.map(
          (type) => !passing.events.includes(type) && `${passing.name}: ${type} is missing`,
        ),
        evidence: [at(passing, 'events.normalized.jsonl', 'type')],
      }),
  },
  {
    id: 'R13',
    statement: 'The same-run fake baseline comparison records the fake and the Case artifact paths.',
    look: ({ passing }) => {
      const { baseline } = passing.report;
      return both(
        says(passing, '/baseline/comparison', baseline !== null, 'has no baseline'),
        says(
          passing,
          '/baseline/artifacts',
          baseline !== null && Object.keys(baseline.artifacts).length > 0,
          'names no artifacts of its baseline',
        ),
      );
    },
  },
  {
    id: 'R14',
    statement: 'All six failure fixtures fail closed.',
    look: ({ failures }) =>
      both(
        {
          problems: SIX.map(
            (code) => !failures.some((one) => one.code === code) && `no run was made to show ${code}`,
          ),
          evidence: [],
        },
        ...failures.map(({ run, code }) =>
          both(
            hasCode(run, code),
            says(run, '/status', run.report.status === 'failed', `is ${run.report.status}`),
            says(run, '/case_process_started', run.report.case_process_started, 'never started Case'),
          ),
        ),
      ),
  },
  {
    id: 'R15',
    statement: 'fake stays the default lane, and stays green after Stage 2.',
    look: ({ after, defaultEngine }) =>
      both(
        { problems: [defaultEngine !== 'fake' && `the default engine is ${defaultEngine}`], evidence: [] },
        says(after, '/backend', after.report.backend === 'fake', `ran ${after.report.backend}`),
        says(after, '/status', after.report.status === 'passed', `is ${after.report.status}`),
      ),
  },
  {
    id: 'R16',
    statement: 'There are a focused Stage 2 validator and a broad health command, both with --json.',
    look: ({ jsonCommands }) => ({
      problems: ['validate stage2', 'health'].map(
        (name) => !jsonCommands.includes(name) && `there is no command ${name} with --json`,
      ),
      evidence: [{ file: 'stage2.json', at: '/requirements' }],
    }),
  },
];

/** Every requirement against the evidence. */
export function judgeRequirements(evidence: Stage2Evidence): RequirementResult[] {
  return REQUIREMENTS.map(({ id, statement, look }) => {
    const finding = look(evidence);
    const problems = finding.problems.filter((problem) => problem !== false);
    return {
      id,
      statement,
      status: problems.length === 0 ? 'proven' : 'not_proven',
      problems,
      evidence: finding.evidence,
    };
  });
}

function openGate(run: SeenRun, name: keyof typeof GATE_VALUES): Finding {
  return says(run, `/gates/${name}`, run.report.gates[name] === GATE_VALUES[name], `ran without ${name}`);
}

function guards(run: SeenRun, kinds: readonly string[]): Finding {
  const guarded = run.forbidden.roots.map(({ kind }) => kind as string);
  return {
    problems: kinds.map((kind) => !guarded.includes(kind) && `${run.name}: no ${kind} was guarded`),
    evidence: [at(run, 'forbidden.json', '/roots')],
  };
}
