/** What verifying a bundle says: one check, one sentence. Data only. */

/** `skipped` is no pass: the detail says what was not looked at, and why that is no failure. */
export type CheckStatus = 'ok' | 'failed' | 'skipped';

export interface Check {
  /** what was checked, such as "digests" or "proof tests" */
  id: string;
  status: CheckStatus;
  /** one sentence */
  detail: string;
  /** files of the bundle in which the failure shows */
  files: string[];
}

/** Something that does not hold, and the file in which it shows. */
export interface Problem {
  file: string;
  what: string;
}

const SHOWN = 3;

/** A check that holds where there is no problem. */
export function checkOf(id: string, problems: Problem[], holds: string): Check {
  if (problems.length === 0) return { id, status: 'ok', detail: holds, files: [] };
  const told = problems
    .slice(0, SHOWN)
    .map(({ file, what }) => `${JSON.stringify(file).slice(1, -1)} ${what}`);
  const more = problems.length > SHOWN ? `; and ${problems.length - SHOWN} more` : '';
  return {
    id,
    status: 'failed',
    detail: `${told.join('; ')}${more}`,
    files: [...new Set(problems.map(({ file }) => file))],
  };
}

export function skipped(id: string, detail: string): Check {
  return { id, status: 'skipped', detail, files: [] };
}
