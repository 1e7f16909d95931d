/** Whether the gates in front of an engine were open, from what the harness noted of them. Never opens one. */
import { GATE_VALUES, type Gates } from '../schema/gates.ts';
import type { Blocker } from '../schema/report.ts';
import type { Evidence } from './evidence.ts';

/** What the gates are judged by. */
export interface Gated {
  contract: Evidence['contract'];
  run: Pick<Evidence['run'], 'gates' | 'stage1' | 'started_at'>;
}

/** One blocker for each gate that was closed; none for an engine that no gate guards. */
export function gateBlockers({ contract, run }: Gated): Blocker[] {
  return contract.value?.engine.name === 'case' ? closedGates(run) : [];
}

/** Whether the engine that they guard may start. */
export function areGatesOpen(run: Gated['run']): boolean {
  return closedGates(run).length === 0;
}

/** Whether both variables have the one value that opens; stage 1 is a gate of its own. */
export function areVariablesSet(gates: Gates): boolean {
  return Object.entries(GATE_VALUES).every(([name, value]) => gates[name] === value);
}

function closedGates(run: Gated['run']): Blocker[] {
  const blockers: Blocker[] = [];
  const isOpen = (name: keyof typeof GATE_VALUES) => run.gates[name] === GATE_VALUES[name];
  if (!isOpen('CTO_HARNESS_ALLOW_CASE'))
    blockers.push({
      code: 'case_disabled',
      message: 'the engine case is disabled: CTO_HARNESS_ALLOW_CASE is not 1',
      requirement: 'R2',
    });
  if (!isOpen('CTO_HARNESS_CASE_STAGE'))
    blockers.push({
      code: 'stage_gate_missing',
      message: 'CTO_HARNESS_CASE_STAGE is not 2',
      requirement: 'R3',
    });
  const why = stage1Problem(run);
  if (why !== null) blockers.push({ code: 'stage1_missing', message: why, requirement: 'P2' });
  return blockers;
}

function stage1Problem({ stage1, started_at }: Gated['run']): string | null {
  if (stage1 === null) return 'no stage 1 was run on this host';
  if (!stage1.passed) return 'the last stage 1 on this host failed';
  if (!stage1.is_this_host)
    return 'the last stage 1 was run on another host, kernel, container engine, image or profile';
  const started = Date.parse(started_at);
  if (Date.parse(stage1.finished_at) > started) return 'the last stage 1 ended after this run began';
  return Date.parse(stage1.expires_at) > started ? null : `the last stage 1 expired at ${stage1.expires_at}`;
}
