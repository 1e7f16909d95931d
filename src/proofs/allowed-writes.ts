/**
 * Proof: everything the engine was allowed to write lies under the two roots. Rests on complete coverage: a gap
 * in the record is a gap here.
 */
import type { Evidence, SampledRecord, WritesSummary } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place } from './outcome.ts';
import { coverageFindings } from './recorder-coverage.ts';

const CLAIM: Claim = {
  id: 'allowed_writes',
  claim:
    'Every write that was allowed lies under /workspace or /artifacts, or changes no file; every other attempt was refused.',
  requirements: ['R5', 'R8'],
};

export function allowedWrites(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  coverageFindings(evidence, findings);
  const writes = evidence.writes.value;
  const contract = evidence.contract.value;
  if (writes !== undefined) {
    findings.push(...misplaced(writes));
    if (contract?.denied_writes === 'fail') findings.push(...denied(writes));
  }
  return conclude(evidence, CLAIM, {
    findings,
    rests: [
      place('writes'),
      place('cage', '/engine/end/notifications'),
      place('contract', '/allowed_roots'),
      ...(writes?.denied.first == null
        ? []
        : [place('writes', `line ${writes.denied.first.line}`, 'first attempt that was refused')]),
    ],
    holds: writes === undefined ? '' : summary(writes),
  });
}

/** An allowed write elsewhere means that the cage did not hold, whatever the recorder calls it. */
function misplaced({ misplaced: { count, samples } }: WritesSummary): Finding[] {
  if (count === 0) return [];
  const told = samples.map((record) =>
    finding(record, `${record.syscall} of ${show(record)} was allowed outside both roots`),
  );
  return told.length > 0
    ? told
    : [{ code: 'denied_write', message: `${count} writes were allowed outside both roots` }];
}

function denied({ denied: { count: all, futile, first_telling: first } }: WritesSummary): Finding[] {
  const count = all - futile;
  if (count === 0) return [];
  const message = `${count} attempts outside both roots were refused, and the contract allows none`;
  return [
    first === null
      ? { code: 'denied_write', message }
      : finding(first, `${message}; the first was ${first.syscall} of ${show(first)}`),
  ];
}

function finding(record: SampledRecord, message: string): Finding {
  return { code: 'denied_write', message, place: place('writes', `line ${record.line}`) };
}

/** Control characters and lone surrogates as escapes: a path is the engine's own text. */
function show(record: SampledRecord): string {
  return JSON.stringify(record.resolved === '' ? record.path : record.resolved);
}

function summary({ counts, denied: { count, unreadable, foreign_abi } }: WritesSummary): string {
  const refused = count === 0 ? 'none was refused' : `${count} were refused`;
  const why =
    unreadable + foreign_abi === 0
      ? ''
      : ` (${unreadable} of unreadable callers, ${foreign_abi} of a foreign ABI)`;
  return `${counts.workspace.allowed} writes in /workspace and ${counts.artifacts.allowed} in /artifacts were allowed, ${counts.device.allowed + counts.kernel.allowed} changed no file, ${refused}${why}`;
}
