/** Proof: the bundle holds every file it must, nothing that the engine planted, and each with its digest. */
import type { Digests } from '../schema/report.ts';
import { type Evidence, REQUIRED_BEFORE_VERDICT, REQUIRED_IN_BUNDLE } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, take } from './outcome.ts';

const CLAIM: Claim = {
  id: 'artifacts',
  claim: 'Every required file is in the bundle with its digest, and the engine planted none of them.',
  requirements: ['R10', 'R11', 'P8'],
};

/** Files that may be there beside the required ones. */
const OPTIONAL = ['report.html', 'provider.jsonl', 'attestation.dsse.json'];
/** What no digest list can hold: itself, and the envelope that is made of it. */
const UNLISTED = ['digests.json', 'attestation.dsse.json'];
/** Folders in which an engine may leave whatever it likes. */
const ENGINE_FOLDER = /^(?:backend|inputs)\//;
const RAW_LOGS = { 'backend/stdout.log': 'stdout_bytes', 'backend/stderr.log': 'stderr_bytes' } as const;

export function artifacts(evidence: Evidence): ProofOutcome {
  const findings: Finding[] = [];
  for (const name of evidence.run.forged) {
    findings.push({
      code: 'forged_artifact',
      message: `the engine had planted or altered ${JSON.stringify(name)}`,
    });
  }
  findings.push(...contents(evidence), ...rawLogs(evidence, findings), ...digestFindings(evidence, findings));
  return conclude(evidence, CLAIM, {
    findings,
    rests: REQUIRED_BEFORE_VERDICT.map((file) => ({ file })),
    holds: 'every required file is there and digested, and nothing stood where the harness writes',
  });
}

function contents(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  const required =
    evidence.run.phase === 'sealed'
      ? [...REQUIRED_BEFORE_VERDICT, ...REQUIRED_IN_BUNDLE]
      : REQUIRED_BEFORE_VERDICT;
  for (const file of required) {
    if (!evidence.files.has(file)) findings.push(incomplete(file, 'is missing'));
  }
  const known = new Set<string>([...REQUIRED_BEFORE_VERDICT, ...REQUIRED_IN_BUNDLE, ...OPTIONAL]);
  for (const [file, { kind, digest }] of evidence.files) {
    const isKnown = known.has(file);
    if (!isKnown && !ENGINE_FOLDER.test(file)) {
      findings.push({
        code: 'forged_artifact',
        message: `nobody knows the file ${JSON.stringify(file)}`,
        place: { file },
      });
    } else if (isKnown && kind !== 'file') {
      findings.push({
        code: 'forged_artifact',
        message: `${file} is a ${kind}, not a file`,
        place: { file },
      });
    } else if (digest === null && (kind === 'file' || kind === 'link' || kind === 'unreadable')) {
      findings.push(incomplete(file, 'has no digest'));
    }
  }
  return findings;
}

/** The raw logs hold every byte that came; at the output limit they are cut, which is a blocker of its own. */
function rawLogs(evidence: Evidence, findings: Finding[]): Finding[] {
  const engine = take(evidence.cage, 'cage', findings)?.engine ?? null;
  if (engine === null || engine.exit.stop_reason === 'output_limit') return [];
  const found: Finding[] = [];
  if (!evidence.run.backend_complete)
    found.push(incomplete('backend/stdout.log', 'or backend/stderr.log was cut'));
  for (const [file, key] of Object.entries(RAW_LOGS)) {
    const size = evidence.files.get(file)?.size;
    const sent = engine.stream[key];
    if (size !== undefined && size !== sent)
      found.push(incomplete(file, `has ${size} bytes, the engine wrote ${sent}`));
  }
  return found;
}

function digestFindings(evidence: Evidence, findings: Finding[]): Finding[] {
  if (evidence.digests === null) {
    return evidence.run.phase === 'live' ? [] : [incomplete('digests.json', 'was not read')];
  }
  const digests = take(evidence.digests, 'digests', findings);
  return digests === undefined ? [] : compare(evidence, digests);
}

function compare(evidence: Evidence, digests: Digests): Finding[] {
  const found: Finding[] = [];
  for (const [file, facts] of evidence.files) {
    if (UNLISTED.includes(file)) continue;
    const listed = Object.hasOwn(digests.files, file) ? digests.files[file] : undefined;
    if (listed === undefined) found.push(incomplete(file, 'is not in digests.json'));
    else if (listed.kind !== facts.kind || listed.digest !== facts.digest || listed.size !== facts.size) {
      found.push(incomplete(file, 'is not what digests.json says'));
    }
  }
  for (const file of Object.keys(digests.files)) {
    if (!evidence.files.has(file)) found.push(incomplete(file, 'is in digests.json and not in the bundle'));
  }
  return found;
}

function incomplete(file: string, what: string): Finding {
  return {
    code: 'evidence_incomplete',
    message: `${JSON.stringify(file).slice(1, -1)} ${what}`,
    place: { file },
  };
}
