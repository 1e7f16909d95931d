/** Compares what the probe says and what is on record with what must be. Pure. */
import type { Hello, WriteRecord } from '../schema/recorder.ts';
import type { Report } from '../schema/report.ts';
import type { ProbeResult } from '../schema/stage1.ts';
import { EXPECTED_PROBES, type ExpectedProbe, type Trace } from './probes.ts';

/** The evidence of the run of probes, as far as it is looked at. */
export interface ProbeEvidence {
  /** standard output of the probe */
  output: string;
  /** records of calls that were refused */
  refused: Pick<WriteRecord, 'syscall' | 'path' | 'resolved' | 'path2'>[];
  selfTest: Hello['self_test'] | null;
  /** signals to PID 1 from inside */
  signals: number;
  proofs: Report['proofs'];
}

interface Ended {
  outcome: string;
  errno: string | null;
  detail: string | null;
}

/** One result an attempt; what the probe never said is `not_tried`. */
export function judgeProbes(evidence: ProbeEvidence): ProbeResult[] {
  const { ended, isWhole } = parse(evidence.output);
  return EXPECTED_PROBES.map((probe) => {
    const found = ended.get(probe.id);
    const base = {
      id: probe.id,
      expected: `refused with ${probe.refusals.join(' or ')}; ${say(probe.trace)}`,
    };
    if (found === undefined || !isWhole)
      return {
        ...base,
        verdict: 'not_tried',
        found: found === undefined ? 'never tried' : 'the probe never ended',
      };
    const how = `${found.outcome}${found.errno === null ? '' : ` with ${found.errno}`}${found.detail === null ? '' : ` (${found.detail})`}`;
    const isRefused =
      found.outcome === 'refused' && found.errno !== null && probe.refusals.includes(found.errno);
    if (!isRefused) return { ...base, verdict: 'breach', found: how };
    return isSeen(probe, evidence)
      ? { ...base, verdict: 'held', found: how }
      : { ...base, verdict: 'unseen', found: `${how}, and nothing shows it` };
  });
}

function parse(output: string): { ended: Map<string, Ended>; isWhole: boolean } {
  const ended = new Map<string, Ended>();
  let done: unknown = null;
  for (const line of output.split('\n')) {
    try {
      const value = JSON.parse(line) as Ended & { id?: string; done?: number };
      if (typeof value.id === 'string') ended.set(value.id, value);
      else done = value.done ?? done;
    } catch {
      // A line that is none of the probe's says nothing about any attempt.
    }
  }
  return { ended, isWhole: done === ended.size };
}

function isSeen({ trace }: ExpectedProbe, evidence: ProbeEvidence): boolean {
  switch (trace.in) {
    case 'writes':
      return evidence.refused.some(
        ({ syscall, path, resolved }) =>
          (trace.call === undefined || isCall(syscall, trace.call)) &&
          (path.endsWith(trace.path) || resolved.endsWith(trace.path)),
      );
    case 'self_test':
      return evidence.selfTest !== null && Object.hasOwn(evidence.selfTest.shadowed, trace.call)
        ? true
        : evidence.refused.some(({ syscall }) => syscall === trace.call);
    case 'signals':
      return evidence.signals > 0;
    case 'proof':
      return evidence.proofs.some(({ id, status }) => id === trace.id && status === 'passed');
  }
}

/** A C library may use the call that takes a folder instead, as it must on arm64. */
function isCall(recorded: string, expected: string): boolean {
  return recorded === expected || recorded.startsWith(`${expected}at`) || expected === `${recorded}at`;
}

function say(trace: Trace): string {
  switch (trace.in) {
    case 'writes':
      return `on record as ${trace.call ?? 'an attempt'}${trace.path === '' ? '' : ` of …${trace.path}`}`;
    case 'self_test':
      return `${trace.call} seen refused by the self test, or on record`;
    case 'signals':
      return 'counted in the last frame';
    case 'proof':
      return `proof ${trace.id}`;
  }
}
