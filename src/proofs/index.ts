/** The verdict of one run from its evidence. Pure; passes only where every proof holds or does not apply. */
import type { Blocker, ProofResult } from '../schema/report.ts';
import { allowedWrites } from './allowed-writes.ts';
import { artifacts } from './artifacts.ts';
import { cageMounts } from './cage-mounts.ts';
import { cagePrivileges } from './cage-privileges.ts';
import { changesAllowed } from './changes-allowed.ts';
import { eventsComplete } from './events.ts';
import type { Evidence } from './evidence.ts';
import { freshness } from './freshness.ts';
import { limits } from './limits.ts';
import { noTargetInspection } from './no-target-inspection.ts';
import { noTargetMutation } from './no-target-mutation.ts';
import type { ProofOutcome } from './outcome.ts';
import { recorderCoverage } from './recorder-coverage.ts';
import { testsPass } from './tests-pass.ts';
import { witnessesAgree } from './witnesses-agree.ts';

export interface Evaluation {
  status: 'passed' | 'failed' | 'interrupted';
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
  const outcomes = PROOFS.map((proof) => proof(evidence));
  const proofs = outcomes.map((outcome) => outcome.result);
  const blockers = distinct([
    ...providerBlockers(evidence),
    ...outcomes.flatMap((outcome) => outcome.blockers),
  ]);
  const holds = proofs.every((proof) => proof.status !== 'failed') && blockers.length === 0;
  const wasInterrupted = blockers.some((blocker) => blocker.code === 'interrupted');
  return { status: holds ? 'passed' : wasInterrupted ? 'interrupted' : 'failed', proofs, blockers };
}

function providerBlockers(evidence: Evidence): Blocker[] {
  const contract = evidence.contract.value;
  if (contract?.needs_provider !== true || contract.provider.mode !== 'none') return [];
  return [
    {
      code: 'provider_unavailable',
      message: 'the engine needs a model provider and none is configured',
      requirement: 'P10',
    },
  ];
}

function distinct(blockers: Blocker[]): Blocker[] {
  const seen = new Set<string>();
  return blockers.filter(({ code, message }) => {
    const key = `${code} ${message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
