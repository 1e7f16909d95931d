/**
 * Turns what a proof found into its result and its blockers. A claim holds only where nothing was found
 * and every file that it rests on is there; a proof must never build its own result.
 */
import type { BlockerCode } from '../schema/common.ts';
import type { Blocker, Pointer, ProofId, ProofResult } from '../schema/report.ts';
import { DOCUMENT_FILES, type Evidence, type Loaded } from './evidence.ts';

export type DocumentName = keyof typeof DOCUMENT_FILES;
export const DOCUMENT_NAMES = Object.keys(DOCUMENT_FILES) as DocumentName[];

/** A place in the evidence: a document or a file of the bundle, and where in it. */
export interface Place {
  file: string;
  /** a JSON pointer, or "line N" */
  at?: string;
  note?: string;
}

/** One reason why a claim does not hold. */
export interface Finding {
  code: BlockerCode;
  message: string;
  /** where it shows */
  place?: Place;
}

/** What a proof claims. */
export interface Claim {
  id: ProofId;
  /** a plain sentence that is true where the proof passes */
  claim: string;
  /** ids of product.md */
  requirements: string[];
}

export interface ProofOutcome {
  result: ProofResult;
  blockers: Blocker[];
}

/** Pointers of one proof are bounded: a report is read by people. */
const MAX_POINTERS = 50;
/** Messages joined into one blocker. */
const MAX_MESSAGES = 3;

/** The place of a document, or of one spot in it. */
export function place(document: DocumentName, at?: string, note?: string): Place {
  return {
    file: DOCUMENT_FILES[document],
    ...(at === undefined ? {} : { at }),
    ...(note === undefined ? {} : { note }),
  };
}

/** The document's value; where there is none, undefined and a finding `evidence_incomplete`. */
export function take<T>(loaded: Loaded<T>, document: DocumentName, findings: Finding[]): T | undefined {
  if (loaded.problem === undefined) return loaded.value;
  findings.push({
    code: 'evidence_incomplete',
    message: `${DOCUMENT_FILES[document]}: ${loaded.problem}`,
    place: place(document),
  });
  return undefined;
}

/**
 * The outcome of one proof.
 * @param rests every place that the claim rests on; a file of them that is not in the bundle is a finding
 * @param holds why the claim holds, said only where it does
 * @param notApplicable why the claim does not apply; counts only where nothing was found
 */
export function conclude(
  evidence: Evidence,
  claim: Claim,
  parts: { findings: Finding[]; rests: Place[]; holds: string; notApplicable?: string },
): ProofOutcome {
  const findings = [...parts.findings, ...absentFiles(evidence, parts)];
  const failed = findings.length > 0;
  const shown = failed
    ? [...findings.flatMap((finding) => finding.place ?? []), ...parts.rests]
    : parts.rests;
  const status = failed ? 'failed' : parts.notApplicable === undefined ? 'passed' : 'not_applicable';
  const detail = failed
    ? joined(findings.map((finding) => finding.message))
    : (parts.notApplicable ?? parts.holds);
  return {
    result: { ...claim, status, detail, evidence: pointers(evidence, shown) },
    blockers: blockersOf(findings, claim.requirements[0] ?? null),
  };
}

/** At most three messages, and how many there are beside. */
export function joined(messages: string[]): string {
  const different = [...new Set(messages)];
  const rest = different.length - MAX_MESSAGES;
  return different.slice(0, MAX_MESSAGES).join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

function absentFiles(evidence: Evidence, parts: { findings: Finding[]; rests: Place[] }): Finding[] {
  const told = new Set(parts.findings.map((finding) => finding.place?.file));
  const files = new Set(parts.rests.map((rest) => rest.file));
  return [...files].flatMap((file): Finding[] => {
    const facts = evidence.files.get(file);
    if (told.has(file) || (facts?.kind === 'file' && facts.digest !== null)) return [];
    const why = facts === undefined ? 'is missing from the bundle' : 'is no readable file';
    return [{ code: 'evidence_incomplete', message: `${file} ${why}`, place: { file } }];
  });
}

function pointers(evidence: Evidence, places: Place[]): Pointer[] {
  const seen = new Map<string, Pointer>();
  for (const { file, at, note } of places) {
    const key = JSON.stringify([file, at, note]);
    if (seen.has(key)) continue;
    if (seen.size === MAX_POINTERS) break;
    seen.set(key, {
      file,
      ...(at === undefined ? {} : { at }),
      digest: evidence.files.get(file)?.digest ?? null,
      ...(note === undefined ? {} : { note }),
    });
  }
  return [...seen.values()];
}

function blockersOf(findings: Finding[], requirement: string | null): Blocker[] {
  const byCode = new Map<BlockerCode, string[]>();
  for (const { code, message } of findings) {
    const messages = byCode.get(code);
    // An engine decides how many there are: copied for each, a hundred thousand would take minutes.
    if (messages === undefined) byCode.set(code, [message]);
    else messages.push(message);
  }
  return [...byCode].map(([code, messages]) => ({ code, message: joined(messages), requirement }));
}
