/** What a run came to, in lines that a pattern can be held against. */
import { existsSync, readFileSync } from 'node:fs';
import { type Bait, type Entry, play, recordsOf } from '../corpus.ts';

/**
 * `says: LINE` for what it printed, `denied|allowed CALL PATH`, `code: BLOCKER`, `changed: PATH`, `status: WORD`,
 * `event: TYPE`, `program CALL PATH` and `escaped` where the host was touched.
 */
export async function accountOf(
  base: string,
  attack: Entry,
  bait: Bait,
  main: string | undefined,
  flags: readonly string[] = [],
): Promise<string> {
  const entry = { ...attack, flags: [...attack.flags, ...flags] };
  const where = main === undefined ? {} : { main };
  let bundle: Awaited<ReturnType<typeof play>>;
  try {
    bundle = await play(base, entry, where);
  } catch (error) {
    return `no report: ${(error as Error).message}\n`;
  }
  const { report } = bundle;
  const output = await bundle.read('backend/stdout.log').catch(() => '');
  const isTouched = existsSync(bait.ran) || readFileSync(bait.canary, 'utf8') !== 'untouched';
  const events = await bundle.lines<{ type: string }>('events.normalized.jsonl');
  return [
    `status: ${report.status}`,
    ...bundle.codes.map((code) => `code: ${code}`),
    ...output
      .split('\n')
      .slice(0, 2000)
      .map((line) => `says: ${line}`),
    ...(await recordsOf(bundle)),
    ...report.changed_files.map(({ path }) => `changed: ${path}`),
    ...(await bundle.programs()).map(({ syscall, resolved }) => `program ${syscall} ${resolved}`),
    ...events.map(({ type }) => `event: ${type}`),
    ...(isTouched ? ['escaped'] : []),
    '',
  ].join('\n');
}
