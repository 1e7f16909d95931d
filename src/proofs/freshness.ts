/** Proof: all of the evidence was made in this run, by these containers, between its start and its end. */

import { sbomProperty } from '../schema/sbom.ts';
import { type Evidence, RUN_FILE, SBOM_FILE } from './evidence.ts';
import { freshCages } from './freshness-cages.ts';
import { freshFiles } from './freshness-files.ts';
import {
  type Claim,
  conclude,
  DOCUMENT_NAMES,
  type DocumentName,
  type Finding,
  type ProofOutcome,
  place,
  take,
} from './outcome.ts';
import { testsSourceFindings, testsSourcePlaces } from './tests-source.ts';
import { clockFindings } from './window.ts';

const CLAIM: Claim = {
  id: 'freshness',
  claim:
    "Every document carries this run's nonce, and container, clocks, image and files all belong to the time of this run.",
  requirements: ['P8', 'R11'],
};

const CLAIM_WITH_SOURCE: Claim = {
  ...CLAIM,
  claim: `${CLAIM.claim.slice(0, -1)}, but for the tests on the untouched fixture: they belong to the earlier run that is named.`,
};

export function freshness(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  if (!evidence.run.artifact_dir_was_empty) {
    findings.push({ code: 'evidence_incomplete', message: 'the artifact folder was not empty at the start' });
  }
  findings.push(...clockFindings(evidence));
  for (const document of DOCUMENT_NAMES) findings.push(...nonceFindings(evidence, document, findings));
  const contract = evidence.contract.value;
  if (contract !== undefined && contract.run_id !== evidence.run.run_id) {
    findings.push(stale('contract', 'is of another run', '/run_id'));
  }
  const cage = evidence.cage.value;
  if (cage !== undefined) findings.push(...freshCages(evidence, cage));
  findings.push(...billFindings(evidence), ...freshFiles(evidence), ...testsSourceFindings(evidence));
  return conclude(evidence, evidence.run.tests_before === null ? CLAIM : CLAIM_WITH_SOURCE, {
    findings,
    rests: [
      { file: RUN_FILE },
      ...DOCUMENT_NAMES.map((name) => place(name)),
      place('cage', '/engine/container_id'),
      place('cage', '/engine/image/digest'),
      ...testsSourcePlaces(evidence),
    ],
    holds: `nonce ${evidence.run.nonce} in every document; container ${(cage?.engine?.container_id ?? '').slice(0, 12)} within ${evidence.run.started_at} and ${evidence.run.finished_at}${ofOther(evidence)}`,
  });
}

function ofOther({ run }: Evidence): string {
  return run.tests_before === null
    ? ''
    : `; the tests before the engine are those of run ${run.tests_before.run_id}`;
}

/** The nonce of one document. A record without a line has none to carry; coverage says whether that may be. */
function nonceFindings(evidence: Evidence, document: DocumentName, findings: Finding[]): Finding[] {
  const { nonce } = evidence.run;
  if (document === 'events') {
    const events = take(evidence.events, 'events', findings) ?? [];
    if (events.length === 0) return [stale(document, 'is empty')];
    const line = events.findIndex((event) => event.nonce !== nonce) + 1;
    return line === 0 ? [] : [stale(document, 'carries another nonce', `line ${line}`)];
  }
  const value = take<{ nonce: string | null; count?: number }>(evidence[document], document, findings);
  if (value === undefined || value.nonce === nonce) return [];
  const isEmptyRecord =
    (document === 'writes' || document === 'processes') && value.count === 0 && value.nonce === null;
  return isEmptyRecord
    ? []
    : [stale(document, 'carries another nonce', value.count === undefined ? '/nonce' : 'line 1')];
}

/** The bill of materials must be this run's, and that of the image the cages were made from. */
function billFindings({ bill, run }: Evidence): Finding[] {
  const because = (message: string): Finding[] => [
    { code: 'evidence_incomplete', message: `${SBOM_FILE} ${message}`, place: { file: SBOM_FILE } },
  ];
  if (bill === null) return [];
  if (bill.value === undefined) return because(bill.problem === 'missing' ? 'is missing' : bill.problem);
  if (sbomProperty(bill.value, 'nonce') !== run.nonce) return because('carries another nonce');
  const images = [sbomProperty(bill.value, 'image'), bill.value.metadata.component.version];
  if (images.some((image) => image !== run.image.digest)) return because('is of another image');
  const { length } = bill.value.components;
  return length === run.image.components
    ? []
    : because(`names ${length} components, the harness had ${run.image.components}`);
}

function stale(document: DocumentName, what: string, at?: string): Finding {
  const where = place(document, at);
  return { code: 'evidence_incomplete', message: `${where.file} ${what}`, place: where };
}
