/** Proof: the run's events are whole, in order, and every required one is there from the right source. */
import { type NormalizedEvent, PASS_EVENTS } from '../schema/event.ts';
import type { Evidence } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';

const CLAIM: Claim = {
  id: 'events',
  claim: 'Every required event is on record, in order, from run.started to run.completed without a gap.',
  requirements: ['R12', 'R10'],
};

/** Events that only the harness may say; an engine that claims one is not believed. */
const HARNESS_EVENTS: string[] = [
  'run.started',
  'task.contract.created',
  'git.diff.checked',
  'verification.completed',
  'run.completed',
];

export function eventsComplete(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const events = take(evidence.events, 'events', findings);
  const contract = take(evidence.contract, 'contract', findings);
  if (events !== undefined) {
    const required = [...new Set([...HARNESS_EVENTS, ...(contract?.required_events ?? [])])];
    findings.push(...sequence(events), ...presence(events, required), ...order(events));
  }
  return conclude(evidence, CLAIM, {
    findings,
    rests: [place('events'), place('contract', '/required_events')],
    holds: `${events?.length ?? 0} events in unbroken order, ${contract?.required_events.length ?? 0} of them required by the contract`,
  });
}

function sequence(events: NormalizedEvent[]): Finding[] {
  const findings: Finding[] = [];
  let clock = 0;
  for (const [index, event] of events.entries()) {
    if (event.seq !== index + 1) findings.push(broken(index, `has number ${event.seq}`));
    if (event.t_ms < clock) findings.push(broken(index, 'goes back in time'));
    if (event.source === 'engine' && HARNESS_EVENTS.includes(event.type)) {
      findings.push(broken(index, `lets the engine say ${event.type}`));
    }
    clock = event.t_ms;
  }
  const ends: [string, NormalizedEvent | undefined, number][] = [
    ['run.started', events[0], 0],
    ['run.completed', events.at(-1), Math.max(0, events.length - 1)],
  ];
  for (const [type, event, index] of ends)
    if (event?.type !== type) findings.push(broken(index, `is not ${type}`));
  return findings;
}

function presence(events: NormalizedEvent[], required: string[]): Finding[] {
  const there = new Set(events.filter(isBelieved).map((event) => event.type));
  return required
    .filter((type) => !there.has(type))
    .map((type) => ({
      code: 'missing_required_event',
      message: `the event ${type} is missing`,
      place: place('events'),
    }));
}

/** Events of a pass must first appear in the order of R12; those that are not there are not judged here. */
function order(events: NormalizedEvent[]): Finding[] {
  const believed = events.filter(isBelieved);
  const first = PASS_EVENTS.map((type) => believed.find((event) => event.type === type)).filter(
    (event) => event !== undefined,
  );
  return first.slice(1).flatMap((event, index) => {
    const earlier = first[index];
    if (earlier === undefined || earlier.seq < event.seq) return [];
    return [broken(event.seq - 1, `has ${event.type} before ${earlier.type}`)];
  });
}

function isBelieved(event: NormalizedEvent): boolean {
  return event.source === 'harness' || !HARNESS_EVENTS.includes(event.type);
}

function broken(index: number, what: string): Finding {
  const at = `line ${index + 1}`;
  return { code: 'evidence_incomplete', message: `${at} of the events ${what}`, place: place('events', at) };
}
