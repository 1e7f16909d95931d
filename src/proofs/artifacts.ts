/** Proof: the bundle holds every file it must, nothing that the engine planted, and each with its digest. */
import { type Evidence, PROVIDER_FILE, REQUIRED_FILES, SBOM_FILE } from './evidence.ts';
import { type Claim, conclude, type Finding, type ProofOutcome, take } from './outcome.ts';
import { testsSourceFiles } from './tests-source.ts';

const CLAIM: Claim = {
  id: 'artifacts',
  claim: 'Every required file is in the bundle with its digest, and the engine planted none of them.',
  requirements: ['R10', 'R11', 'P8'],
};

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
  findings.push(...contents(evidence), ...rawLogs(evidence, findings));
  return conclude(evidence, CLAIM, {
    findings,
    rests: REQUIRED_FILES.map((file) => ({ file })),
    holds: 'every required file is there and digested, and nothing stood where the harness writes',
  });
}

function contents(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  const required = [
    ...REQUIRED_FILES,
    ...(evidence.provider === null ? [] : [PROVIDER_FILE]),
    ...(evidence.bill === null ? [] : [SBOM_FILE]),
    ...testsSourceFiles(evidence.run),
  ];
  for (const file of required) {
    if (!evidence.files.has(file)) findings.push(incomplete(file, 'is missing'));
  }
  const known = new Set<string>(required);
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
  if (engine.end === null || !engine.stream.complete)
    found.push(incomplete('backend/stdout.log', 'or backend/stderr.log was cut'));
  for (const [file, key] of Object.entries(RAW_LOGS)) {
    const size = evidence.files.get(file)?.size;
    const sent = engine.stream[key];
    if (size !== undefined && size !== sent)
      found.push(incomplete(file, `has ${size} bytes, the engine wrote ${sent}`));
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
