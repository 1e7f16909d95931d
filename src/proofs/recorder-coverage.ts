/** Proof: no system call that could change a file went unrecorded, and no record was lost on its way. */

import { type End, WriteRoot } from '../schema/recorder.ts';
import { cageRecords, engineCage } from './cages.ts';
import { coverageGaps } from './coverage.ts';
import type { Evidence, LineProblem, WritesSummary } from './evidence.ts';
import {
  type Claim,
  conclude,
  type DocumentName,
  type Finding,
  type ProofOutcome,
  place,
  take,
} from './outcome.ts';
import { runOf } from './tests-source.ts';

const CLAIM: Claim = {
  id: 'recorder_coverage',
  claim: 'The recorder accounted for every call that the kernel stopped, and every record arrived.',
  requirements: ['P8', 'R8'],
};

export function recorderCoverage(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const engine = coverageFindings(evidence, findings);
  const calls = engine?.end?.notifications.received ?? 0;
  return conclude(evidence, CLAIM, {
    findings,
    rests: [
      place('cage', '/engine/end'),
      place('cage', '/engine/stream'),
      place('cage', '/engine/seen/self_test'),
      place('writes'),
      place('processes'),
    ],
    holds: `${calls} calls stopped, answered and accounted for; ${engine?.end?.records ?? 0} write records and ${engine?.end?.programs ?? 0} program records in unbroken sequence`,
  });
}

/**
 * Adds every gap of every cage to `findings`.
 * @returns the engine's cage, where there is one
 */
export function coverageFindings(evidence: Evidence, findings: Finding[]) {
  const document = take(evidence.cage, 'cage', findings);
  const contract = take(evidence.contract, 'contract', findings);
  const engine = engineCage(document, findings);
  for (const { at, record } of document === undefined ? [] : cageRecords(document)) {
    // Only the engine's cage is ever asked to stop reads too.
    const mode = record.role === 'engine' ? (contract?.record ?? 'writes') : 'writes';
    for (const gap of coverageGaps(record, runOf(evidence, record).nonce, mode)) {
      findings.push(lost(`${record.role}: ${gap.message}`, 'cage', `${at}/${gap.at}`));
    }
  }
  const writes = take(evidence.writes, 'writes', findings);
  if (writes !== undefined) {
    findings.push(...fileGaps('writes', writes, engine?.end?.records));
    if (engine?.end != null) findings.push(...rootGaps(writes, engine.end.roots));
  }
  const programs = take(evidence.processes, 'processes', findings);
  if (programs !== undefined) findings.push(...fileGaps('processes', programs, engine?.end?.programs));
  return engine;
}

/** The file must hold exactly the records that the recorder says it sent: an empty one only where it sent none. */
function fileGaps(
  document: DocumentName,
  file: { count: number; problem: LineProblem | null },
  sent: number | undefined,
): Finding[] {
  const findings: Finding[] = [];
  if (file.problem !== null) {
    const at = `line ${file.problem.line}`;
    findings.push(lost(`${at} of the ${document} record ${file.problem.what}`, document, at));
  }
  if (sent !== undefined && sent !== file.count) {
    findings.push(lost(`${sent} records were sent, the ${document} record has ${file.count}`, document));
  }
  return findings;
}

/** Root by root and verdict by verdict, the file must hold what the recorder counted as it decided. */
function rootGaps(writes: WritesSummary, roots: End['roots']): Finding[] {
  return WriteRoot.options.flatMap((root) =>
    (['allowed', 'denied'] as const).flatMap((verdict) => {
      const found = writes.counts[root][verdict] + writes.reads[root][verdict];
      const counted = roots[root]?.[verdict];
      if (found === counted) return [];
      const message = `the recorder counted ${counted ?? 'nothing'} ${verdict} in root ${root}, the record has ${found}`;
      return [lost(message, 'cage', `/engine/end/roots/${root}`)];
    }),
  );
}

function lost(message: string, document: DocumentName, at?: string): Finding {
  return { code: 'recorder_lost', message, place: place(document, at) };
}
