/** Proof: every forbidden root is after the run what it was before. */
import type { ForbiddenRoot } from '../schema/report.ts';
import type { Evidence } from './evidence.ts';
import { kinds } from './no-target-inspection.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';

const CLAIM: Claim = {
  id: 'no_target_mutation',
  claim: 'Nothing changed under any forbidden root between the start and the end of the run.',
  requirements: ['R9', 'P6'],
};

export function noTargetMutation(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const forbidden = take(evidence.forbidden, 'forbidden', findings);
  for (const [index, root] of (forbidden?.roots ?? []).entries()) findings.push(...rootFindings(root, index));
  const roots = forbidden?.roots ?? [];
  const entries = roots.reduce((sum, root) => sum + root.entries, 0);
  return conclude(evidence, CLAIM, {
    findings,
    rests:
      roots.length === 0
        ? [place('forbidden', '/roots')]
        : roots.map((_, index) => place('forbidden', `/roots/${index}`)),
    holds:
      forbidden === undefined
        ? ''
        : `${kinds(forbidden)}; ${entries} entries have the digests they had before`,
    ...(forbidden?.roots.length === 0
      ? { notApplicable: 'no forbidden root is configured, of any kind' }
      : {}),
  });
}

function rootFindings(root: ForbiddenRoot, index: number): Finding[] {
  const at = place('forbidden', `/roots/${index}`);
  const findings: Finding[] = [];
  if (root.entries === 0) {
    findings.push({
      code: 'evidence_incomplete',
      message: `nothing was digested under ${root.path}`,
      place: at,
    });
  }
  if (root.after === null) {
    findings.push({
      code: 'evidence_incomplete',
      message: `${root.path} was not digested after the run`,
      place: at,
    });
  } else if (root.after !== root.before || root.first_differences.length > 0) {
    const shown = root.first_differences.slice(0, 3).map((path) => JSON.stringify(path));
    findings.push({
      code: 'target_mutated',
      message: `${root.kind} ${root.path} changed during the run${shown.length === 0 ? '' : `: ${shown.join(', ')}`}`,
      place: at,
    });
  }
  return findings;
}
