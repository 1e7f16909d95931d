/**
 * Proof: the cage had no right beyond running an unprivileged program, as requested, as the container engine says
 * and as PID 1 saw it in effect.
 */
import type { Contract } from '../schema/contract.ts';
import { type CageView, cageViews } from './cages.ts';
import type { Evidence } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';
import { differences, settingProblems } from './privileges-requested.ts';
import { seenProblems } from './privileges-seen.ts';

const CLAIM: Claim = {
  id: 'cage_privileges',
  claim:
    'Each cage ran as an unprivileged user with no capability, no new privileges, a seccomp filter, no network, namespaces of its own and the limits that were asked for.',
  requirements: ['R8'],
};

export function cagePrivileges(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const document = take(evidence.cage, 'cage', findings);
  const contract = take(evidence.contract, 'contract', findings);
  const views = document === undefined ? [] : cageViews(document, findings);
  const { host_namespaces: host } = evidence.run;
  if (Object.keys(host).length === 0) {
    findings.push({
      code: 'evidence_incomplete',
      message: "the run does not say which namespaces are the host's",
    });
  }
  if (contract !== undefined)
    for (const view of views) findings.push(...privilegeFindings(view, contract, host));
  const rests = views.flatMap(({ at }) =>
    [
      'requested/HostConfig',
      'inspect_created/HostConfig',
      'inspect_exited/HostConfig',
      'seen/status',
      'seen/namespaces',
      'seen/limits',
    ].map((spot) => place('cage', `${at}/${spot}`)),
  );
  return conclude(evidence, CLAIM, {
    findings,
    rests: [...(rests.length === 0 ? [place('cage')] : rests), place('contract', '/limits')],
    holds: `${views.length} cages: uid not 0, five empty capability sets, NoNewPrivs 1, Seccomp 2, lo alone, six namespaces of their own`,
  });
}

/** What is wrong with one cage's rights. Pure; also used before the engine is let in. */
export function privilegeFindings(
  view: CageView,
  contract: Pick<Contract, 'limits' | 'engine' | 'test_command'>,
  hostNamespaces: Record<string, string> | null,
): Finding[] {
  const found: [string, string[]][] = [
    [
      'requested/HostConfig',
      settingProblems(view.requested.HostConfig, view.requested.User, contract.limits),
    ],
    ['requested/Cmd', programProblems(view, contract)],
  ];
  const inspects = { inspect_created: view.created, inspect_exited: view.exited };
  for (const [key, inspect] of Object.entries(inspects)) {
    if (inspect === null) continue;
    found.push([
      `${key}/HostConfig`,
      settingProblems(inspect.HostConfig, inspect.Config.User, contract.limits),
    ]);
    found.push([key, differences(view, inspect)]);
  }
  if (view.seen !== null) found.push(['seen', seenProblems(view, view.seen, hostNamespaces)]);
  return found.flatMap(([spot, problems]) =>
    problems.map(
      (problem): Finding => ({
        code: 'cage_mismatch',
        message: `${view.role}: ${problem}`,
        place: place('cage', `${view.at}/${spot}`),
      }),
    ),
  );
}

/** The cage must run what the contract says: the engine's program, or the test command. */
function programProblems(view: CageView, contract: Pick<Contract, 'engine' | 'test_command'>): string[] {
  const { Cmd } = view.requested;
  const promised = view.role === 'engine' ? contract.engine.argv : contract.test_command;
  const separator = Cmd.indexOf('--');
  if (separator !== -1 && JSON.stringify(Cmd.slice(separator + 1)) === JSON.stringify(promised)) return [];
  return ['the program is not the one of the contract'];
}
