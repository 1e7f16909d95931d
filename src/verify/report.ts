/** Whether report.json says what the primary evidence says, and whether its renderings show just that. */
import { isDeepStrictEqual } from 'node:util';
import { jsonDocument } from '../evidence/json.ts';
import { PROOFBOX_VERSION } from '../package-root.ts';
import { renderings } from '../report/index.ts';
import { Report } from '../schema/report.ts';
import type { Derived } from '../verdict/derive.ts';
import type { Page } from '../verdict/page-data.ts';
import { type Check, checkOf, type Problem, skipped } from './check.ts';

/** Sentences of a report, which another version may word otherwise. */
const PROSE = new Set(['detail', 'claim', 'message', 'note', 'evidence']);

/** One check of the whole report, and one for each proof. */
export function reportChecks(text: string, derived: Derived): Check[] {
  const claimed = parse(text);
  if (claimed === null)
    return [checkOf('report', [{ file: 'report.json', what: 'does not parse or breaks its schema' }], '')];
  return [
    checkOf(
      'report',
      differences(text, claimed, derived),
      'report.json is what the evidence makes it, field for field',
    ),
    ...derived.report.proofs.map((proof) => {
      const said = claimed.proofs.find(({ id }) => id === proof.id)?.status ?? 'nothing';
      const problems: Problem[] =
        said === proof.status
          ? []
          : [
              {
                file: 'report.json',
                what: `says ${said}, the evidence says ${proof.status}: ${proof.detail}`,
              },
            ];
      return checkOf(`proof ${proof.id}`, problems, `${proof.status}: ${proof.detail}`);
    }),
  ];
}

/** Whether report.md and report.html are what this version makes of the evidence. */
export function renderingCheck(texts: Record<string, string>, derived: Derived, page: Page): Check {
  const id = 'renderings';
  if (isOtherVersion(derived))
    return skipped(
      id,
      `made by version ${derived.evidence.run.proofbox_version}: only their digests were checked; proofbox report makes them anew`,
    );
  const problems = Object.entries(renderings(derived.report, page)).flatMap(([file, expected]): Problem[] =>
    texts[file] === expected ? [] : [{ file, what: 'shows something else than the evidence' }],
  );
  return checkOf(id, problems, 'report.md and report.html show the evidence and nothing else');
}

function differences(text: string, claimed: Report, derived: Derived): Problem[] {
  if (text === jsonDocument(derived.report)) return [];
  const file = 'report.json';
  if (isOtherVersion(derived)) {
    const [left, right] = [withoutProse(claimed), withoutProse(derived.report)];
    return isDeepStrictEqual(left, right)
      ? []
      : [{ file, what: `differs from the evidence at ${firstDifference(left, right)}` }];
  }
  return [{ file, what: `differs from the evidence at ${firstDifference(claimed, derived.report)}` }];
}

function isOtherVersion({ evidence }: Derived): boolean {
  return evidence.run.proofbox_version !== PROOFBOX_VERSION;
}

function withoutProse(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, part) => (PROSE.has(key) ? undefined : part)));
}

/** The JSON pointer of the first place in which two values differ. */
function firstDifference(left: unknown, right: unknown, at = ''): string {
  if (isRecord(left) && isRecord(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      if (!isDeepStrictEqual(left[key], right[key]))
        return firstDifference(left[key], right[key], `${at}/${key}`);
    }
  }
  return at === '' ? 'its bytes (not the text that proofbox writes)' : at;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function parse(text: string): Report | null {
  try {
    return Report.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
