/** The verdict of one run from its evidence. Pure; passes only where every proof holds or does not apply. */
import type { Blocker, ProofId, ProofResult, Report } from '../schema/report.ts';
import { allowedWrites } from './allowed-writes.ts';
import { artifacts } from './artifacts.ts';
import { baselineBlockers } from './baseline.ts';
import { cageMounts } from './cage-mounts.ts';
import { cagePrivileges } from './cage-privileges.ts';
import { caseBlockers } from './case-outcome.ts';
import { changesAllowed } from './changes-allowed.ts';
import { eventsComplete } from './events.ts';
import type { Evidence } from './evidence.ts';
import { freshness } from './freshness.ts';
import { gateBlockers } from './gates.ts';
import { limits } from './limits.ts';
import { noTargetInspection } from './no-target-inspection.ts';
import { noTargetMutation } from './no-target-mutation.ts';
import type { ProofOutcome } from './outcome.ts';
import { providerBlockers } from './provider.ts';
import { recorderCoverage } from './recorder-coverage.ts';
import { testsPass } from './tests-pass.ts';
import { witnessesAgree } from './witnesses-agree.ts';

export interface Evaluation {
  status: Report['status'];
  /** one of each id, always in the same order */
  proofs: ProofResult[];
  /** without duplicates, in the order of the proofs */
  blockers: Blocker[];
}

const PROOFS: ((evidence: Evidence) => ProofOutcome)[] = [
  cageMounts,
  cagePrivileges,
  recorderCoverage,
  allowedWrites,
  witnessesAgree,
  noTargetInspection,
  noTargetMutation,
  freshness,
  eventsComplete,
  artifacts,
  limits,
  changesAllowed,
  testsPass,
];

/** Evaluates every proof. Never throws for what evidence says or lacks: that is a verdict. */
export function evaluate(evidence: Evidence): Evaluation {
  const closed = gateBlockers(evidence);
  const evaluated = PROOFS.map((proof) => proof(evidence));
  const isBlocked = closed.length > 0 && nothingStarted(evidence);
  const outcomes = isBlocked ? evaluated.map((outcome) => withoutEngine(outcome, closed)) : evaluated;
  const proofs = outcomes.map((outcome) => outcome.result);
  const blockers = distinct([
    ...closed,
    ...(isBlocked
      ? []
      : [providerBlockers, caseBlockers, baselineBlockers].flatMap((look) => look(evidence))),
    ...outcomes.flatMap((outcome) => outcome.blockers),
  ]);
  const holds = proofs.every((proof) => proof.status !== 'failed') && blockers.length === 0;
  const wasInterrupted = blockers.some((blocker) => blocker.code === 'interrupted');
  const otherwise = isBlocked ? 'blocked' : wasInterrupted ? 'interrupted' : 'failed';
  return { status: holds ? 'passed' : otherwise, proofs, blockers };
}

/** What a run that no engine ran in can still prove. The rest does not apply, and says so. */
const WITHOUT_ENGINE: ProofId[] = ['no_target_inspection', 'no_target_mutation', 'artifacts'];

/** A closed gate with a container behind it is no blocked run: it failed, and every proof says how. */
function nothingStarted({ cage, writes, processes }: Evidence): boolean {
  const document = cage.value;
  if (document === undefined || writes.value === undefined || processes.value === undefined) return false;
  const { before, after } = document.verification;
  const isWithoutCage = document.engine === null && before === null && after === null;
  return isWithoutCage && writes.value.count === 0 && processes.value.count === 0;
}

function withoutEngine(outcome: ProofOutcome, closed: Blocker[]): ProofOutcome {
  if (WITHOUT_ENGINE.includes(outcome.result.id)) return outcome;
  const codes = closed.map(({ code }) => code).join(', ');
  const detail = `no container was made: the run was blocked (${codes})`;
  return { result: { ...outcome.result, status: 'not_applicable', detail, evidence: [] }, blockers: [] };
}

function distinct(blockers: Blocker[]): Blocker[] {
  const seen = new Set<string>();
  return blockers.filter(({ code, message }) => {
    const key = `${code} ${message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
