/** Proof: the engine ended by itself, well, and within every limit. */
import type { CageRecord } from '../schema/cage.ts';
import { Inspect } from '../schema/inspect.ts';
import { engineCage } from './cages.ts';
import type { Evidence } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';

const CLAIM: Claim = {
  id: 'limits',
  claim:
    'The engine ended by itself with exit code 0 and within its limits of time, memory, output and space.',
  requirements: ['R14'],
};

const STOPPED: Record<NonNullable<CageRecord['exit']['stop_reason']>, Pick<Finding, 'code' | 'message'>> = {
  timeout: { code: 'timeout', message: 'the engine was stopped at its time limit' },
  output_limit: { code: 'output_limit', message: 'the engine was stopped: more output than allowed' },
  workspace_limit: {
    code: 'workspace_limit',
    message: 'the engine was stopped: more bytes or files than allowed',
  },
  interrupted: { code: 'interrupted', message: 'the run was interrupted' },
  cage_mismatch: {
    code: 'cage_mismatch',
    message: 'the engine was not started: its cage was not as promised',
  },
  failure: { code: 'engine_failed', message: 'the engine was stopped because its cage could not be kept up' },
};

export function limits(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const document = take(evidence.cage, 'cage', findings);
  const engine = engineCage(document, findings);
  // Where it was interrupted, that is why.
  if (document?.engine === null && !evidence.run.interrupted) {
    findings.push({
      code: 'engine_failed',
      message: 'the engine had no cage to start in',
      place: place('cage', '/problem'),
    });
  }
  if (evidence.run.interrupted)
    findings.push({ ...STOPPED.interrupted, place: place('cage', '/engine/exit') });
  if (engine !== undefined) findings.push(...exitFindings(engine), ...disagreements(engine));
  return conclude(evidence, CLAIM, {
    findings,
    rests: [
      place('cage', '/engine/exit'),
      place('cage', '/engine/end'),
      place('cage', '/engine/inspect_exited/State'),
    ],
    holds: `exit code 0 after ${Math.round(engine?.end?.wall_ms ?? 0)} ms`,
  });
}

/** The first cause alone: what was stopped or ran out of memory did not also fail by itself. */
function exitFindings({ exit, seen }: CageRecord): Finding[] {
  const at = place('cage', '/engine/exit');
  if (exit.stop_reason !== null) return [{ ...STOPPED[exit.stop_reason], place: at }];
  if (exit.oom_killed || (exit.oom_kills ?? 0) > 0) {
    return [
      { code: 'out_of_memory', message: 'the kernel killed a process of the engine for memory', place: at },
    ];
  }
  if (exit.ended_by === 'lost') {
    if (seen !== null)
      return [{ code: 'recorder_lost', message: 'the cage ended without an account of itself', place: at }];
    return [
      {
        code: 'engine_failed',
        message: `the recorder did not start (exit code ${exit.container_exit_code})`,
        place: at,
      },
    ];
  }
  if (exit.signal !== null)
    return [{ code: 'engine_failed', message: `the engine was killed by signal ${exit.signal}`, place: at }];
  if (exit.exit_code !== 0)
    return [
      { code: 'engine_failed', message: `the engine ended with exit code ${exit.exit_code}`, place: at },
    ];
  return exit.ended_by === 'engine_exit'
    ? []
    : [{ code: 'evidence_incomplete', message: 'nobody says why the engine was stopped', place: at }];
}

/** The recorder, the container engine and the harness must tell the same end. */
function disagreements({ exit, end, inspect_exited }: CageRecord): Finding[] {
  if (exit.ended_by !== 'engine_exit') return [];
  const problems: string[] = [];
  if (end?.ended_by !== 'engine_exit')
    problems.push('the recorder does not say that the engine ended by itself');
  if (end?.exit_code !== exit.exit_code || end?.signal !== exit.signal)
    problems.push('the recorder says another exit code');
  const expected = exit.signal === null ? exit.exit_code : 128 + exit.signal;
  const state = Inspect.shape.State.safeParse((inspect_exited as { State?: unknown } | null)?.State);
  if (!state.success) problems.push('docker inspect does not say how the container ended');
  else if (
    state.data.Running ||
    state.data.ExitCode !== exit.container_exit_code ||
    state.data.OOMKilled !== exit.oom_killed
  ) {
    problems.push('docker inspect tells another end of the container');
  }
  if (exit.container_exit_code !== expected) problems.push('the container ended otherwise than its engine');
  return problems.map(
    (message): Finding => ({ code: 'evidence_incomplete', message, place: place('cage', '/engine/exit') }),
  );
}
