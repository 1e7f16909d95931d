/** Looks for guarded paths in the files that were copied for the engine: names, link targets and content. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Exposure } from '../schema/report.ts';
import type { GuardedRoot } from './roots.ts';
import { searchExposure } from './search.ts';

/** How many places one run reports; a path in every file needs no list of every file. */
const MAX_EXPOSURES = 50;

/**
 * Every file that names a root, at most 50.
 * @param folder the harness's own copy of the fixture, which no engine has touched: bounded by the contract's
 *   limits, read file by file
 * @param from absolute folders against which a relative spelling could be written
 * @throws the system's error where a file cannot be read
 */
export async function searchCopiedFiles(
  roots: GuardedRoot[],
  folder: string,
  from: string[],
): Promise<Exposure[]> {
  if (roots.length === 0) return [];
  const exposures: Exposure[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    const target = entry.isSymbolicLink() ? await readlink(path) : '';
    const content = entry.isFile() ? await readFile(path, 'utf8') : target;
    for (const root of roots) {
      for (const exposure of searchExposure(root, { workspace: `${name}\n${content}` }, from)) {
        exposures.push({ ...exposure, at: JSON.stringify(name) });
        if (exposures.length >= MAX_EXPOSURES) return exposures;
      }
    }
  }
  return exposures;
}
