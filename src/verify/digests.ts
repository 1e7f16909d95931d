/** Whether digests.json is, byte for byte, what the files of the bundle make it. */
import { digestsText, isUnlisted } from '../evidence/digests.ts';
import type { BundleFile } from '../evidence/inventory.ts';
import { Digests } from '../schema/report.ts';
import type { Problem } from './check.ts';

/** @param text of digests.json */
export function digestProblems(text: string, nonce: string, files: Map<string, BundleFile>): Problem[] {
  if (text === digestsText(nonce, files)) return [];
  const parsed = parse(text);
  if (parsed === null) return [{ file: 'digests.json', what: 'does not parse or breaks its schema' }];
  const problems = [...files].flatMap(([path, facts]): Problem[] => {
    if (isUnlisted(path)) return [];
    const listed = Object.hasOwn(parsed.files, path) ? parsed.files[path] : undefined;
    if (listed === undefined) return [{ file: path, what: 'is not in digests.json' }];
    const isSame = listed.kind === facts.kind && listed.digest === facts.digest && listed.size === facts.size;
    return isSame ? [] : [{ file: path, what: 'is not what digests.json says' }];
  });
  for (const path of Object.keys(parsed.files))
    if (!files.has(path)) problems.push({ file: path, what: 'is in digests.json and not in the bundle' });
  if (problems.length > 0) return problems;
  return [{ file: 'digests.json', what: 'was altered: it is not the text that these files make' }];
}

function parse(text: string): Digests | null {
  try {
    return Digests.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
