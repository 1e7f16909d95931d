/** Looks for the forbidden paths again, in everything of the bundle that the engine was given. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BundleFile } from '../evidence/inventory.ts';
import { searchExposure } from '../forbidden/search.ts';
import type { Evidence } from '../proofs/evidence.ts';
import type { Problem } from './check.ts';

/** Finds that forbidden.json does not tell of. */
export async function exposureProblems(
  artifacts: string,
  evidence: Evidence,
  files: Map<string, BundleFile>,
): Promise<Problem[]> {
  const forbidden = evidence.forbidden.value;
  if (forbidden === undefined || forbidden.roots.length === 0) return [];
  const engine = evidence.cage.value?.engine ?? null;
  const places: Record<string, string> = {
    'contract.json': JSON.stringify(evidence.contract.value ?? null),
    'cage.json': JSON.stringify([engine?.requested, engine?.seen?.env, engine?.image_config]),
  };
  for (const [path, { kind }] of files)
    if (path.startsWith('inputs/') && kind === 'file')
      places[path] = await readFile(join(artifacts, path), 'utf8');
  const { workspace, artifacts: bind } = evidence.run.binds;
  return forbidden.roots.flatMap((root) => {
    if (forbidden.exposures.some(({ kind }) => kind === root.kind)) return [];
    return searchExposure(root, places, [workspace, bind, dirname(bind)]).map(({ where, at }) => ({
      file: where,
      what: `holds the path of ${root.kind} at ${at}, and forbidden.json does not say so`,
    }));
  });
}
