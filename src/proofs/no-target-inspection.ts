/** Proof: no forbidden path was shown to the engine, mounted for it or looked for by it. */
import { ForbiddenKind } from '../schema/common.ts';
import type { ForbiddenDocument } from '../schema/report.ts';
import type { Evidence, WritesSummary } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, place, take } from './outcome.ts';

const CLAIM: Claim = {
  id: 'no_target_inspection',
  claim:
    'No path of a forbidden root stood in the contract, arguments, environment, inputs, copied files, configuration, image configuration or mounts, and no recorded attempt named one.',
  requirements: ['P7', 'R6', 'R7'],
};

/** Every place that must have been searched (P7). */
export const SEARCHED_PLACES = [
  'contract',
  'argv',
  'environment',
  'inputs',
  'config',
  'image_config',
  'binds',
  'workspace',
] as const;

export function noTargetInspection(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  const forbidden = take(evidence.forbidden, 'forbidden', findings);
  if (forbidden !== undefined) findings.push(...shown(forbidden));
  const writes = take(evidence.writes, 'writes', findings);
  if (writes !== undefined) findings.push(...lookedFor(writes));
  const contract = take(evidence.contract, 'contract', findings);
  const reads = contract?.record === 'reads' ? 'reads and writes' : 'writes';
  return conclude(evidence, CLAIM, {
    findings,
    rests: [
      place('forbidden', '/searched'),
      place('forbidden', '/exposures'),
      place('forbidden', '/overlaps'),
      place('writes'),
    ],
    holds:
      forbidden === undefined
        ? ''
        : `${kinds(forbidden)}; ${forbidden.searched.length} places searched, recorded: ${reads}`,
    ...(forbidden?.roots.length === 0
      ? { notApplicable: 'no forbidden root is configured, of any kind' }
      : {}),
  });
}

/** Which kinds are guarded and which nobody configured. */
export function kinds(forbidden: ForbiddenDocument): string {
  const guarded = [...new Set(forbidden.roots.map((root) => root.kind))].sort();
  const rest = ForbiddenKind.options.filter((kind) => !guarded.includes(kind));
  const missing = rest.length === 0 ? '' : `; not configured and so not proven: ${rest.join(', ')}`;
  return `guarded: ${guarded.join(', ')}${missing}`;
}

function shown(forbidden: ForbiddenDocument): Finding[] {
  const unsearched = SEARCHED_PLACES.filter((name) => !forbidden.searched.includes(name));
  const findings: Finding[] = [];
  if (forbidden.roots.length > 0 && unsearched.length > 0) {
    findings.push({
      code: 'evidence_incomplete',
      message: `not searched for forbidden paths: ${unsearched.join(', ')}`,
      place: place('forbidden', '/searched'),
    });
  }
  for (const [index, exposure] of forbidden.exposures.entries()) {
    findings.push({
      code: 'target_path_exposed',
      message: `the path of ${exposure.kind} stands in ${exposure.where} (${exposure.encoding}) at ${exposure.at}`,
      place: place('forbidden', `/exposures/${index}`),
    });
  }
  for (const [index, overlap] of forbidden.overlaps.entries()) {
    findings.push({
      code: 'target_path_exposed',
      message: `${overlap.kind} overlaps the bind ${overlap.bind}`,
      place: place('forbidden', `/overlaps/${index}`),
    });
  }
  return findings;
}

function lookedFor({ forbidden: { count, samples } }: WritesSummary): Finding[] {
  if (count === 0) return [];
  if (samples.length === 0)
    return [{ code: 'target_path_exposed', message: `${count} attempts named a forbidden path` }];
  return samples.map((record) => ({
    code: 'target_path_exposed',
    message: `${record.syscall} (${record.access}, ${record.verdict}) named ${JSON.stringify(record.resolved === '' ? record.path : record.resolved)}`,
    place: place('writes', `line ${record.line}`),
  }));
}
