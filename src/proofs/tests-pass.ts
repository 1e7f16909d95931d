/** Proof: the fixture's own tests, run in a cage of their own on the result, pass. */
import type { TestRun } from '../schema/report.ts';
import type { Evidence } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';
import { testRun } from './test-run.ts';
import { testsSourcePlaces } from './tests-source.ts';

const CLAIM: Claim = {
  id: 'tests',
  claim: 'The test command of the contract, run in a cage of its own on a copy of the result, passed.',
  requirements: ['R14', 'P10'],
};

export function testsPass(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const contract = take(evidence.contract, 'contract', findings);
  const document = take(evidence.cage, 'cage', findings);
  const before = testRun(document?.verification.before ?? null);
  const after = testRun(document?.verification.after ?? null);
  if (contract?.test_command === null) {
    findings.push({
      code: 'missing_test_command',
      message: 'the contract has no test command',
      place: place('contract', '/test_command'),
    });
  } else if (contract !== undefined) {
    findings.push(...afterFindings(evidence, after));
    if (before === null)
      findings.push(incomplete('the tests before the engine are not on record', '/verification/before'));
    if (evidence.files.get('test.log')?.size === 0) {
      findings.push({
        code: 'evidence_incomplete',
        message: 'test.log is empty',
        place: { file: 'test.log' },
      });
    }
  }
  const source = evidence.run.tests_before;
  const of = source === null ? '' : ` (in run ${source.run_id})`;
  return conclude(evidence, CLAIM, {
    findings,
    rests: [
      place('cage', '/verification/after/exit'),
      place('cage', '/verification/before/exit'),
      ...testsSourcePlaces(evidence),
      place('contract', '/test_command'),
      { file: 'test.log' },
    ],
    holds: `exit code 0 in ${Math.round(after?.duration_ms ?? 0)} ms; before the engine the tests ${before?.passed === true ? 'passed too' : 'failed'}${of}`,
  });
}

function afterFindings(evidence: Evidence, after: TestRun | null): Finding[] {
  const at = place('cage', '/verification/after/exit');
  if (after?.stopped === 'interrupted' || (after === null && evidence.run.interrupted)) {
    return [
      { code: 'interrupted', message: 'the run was interrupted before its tests had ended', place: at },
    ];
  }
  if (after === null)
    return [{ code: 'tests_failed', message: 'the tests did not run after the engine', place: at }];
  if (after.passed) return [];
  const how =
    after.stopped !== null
      ? `were stopped (${after.stopped})`
      : after.signal !== null
        ? `were killed by signal ${after.signal}`
        : `ended with exit code ${after.exit_code}`;
  return [{ code: 'tests_failed', message: `the tests ${how}`, place: at }];
}

function incomplete(message: string, at: string): Finding {
  return { code: 'evidence_incomplete', message, place: place('cage', at) };
}
