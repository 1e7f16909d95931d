/** Whether trees.json is in itself sound, and the workspace beside the bundle, where it was handed over, is its `after`. */
import { lstat } from 'node:fs/promises';
import type { Trees } from '../schema/tree.ts';
import { diffTrees, digestEntries, digestTree } from '../witness/tree.ts';
import { UNBOUNDED } from '../witness/walk.ts';
import { type Check, checkOf, type Problem, skipped } from './check.ts';

const FILE = 'trees.json';

/** Each side's digest must be that of its entries, and no path may stand in it twice. */
export function treeProblems(trees: Trees): Problem[] {
  return (['before', 'after'] as const).flatMap((side) => {
    const { digest, entries } = trees[side];
    const problems: Problem[] = [];
    if (digestEntries(entries) !== digest)
      problems.push({ file: FILE, what: `/${side} is not what its digest says` });
    if (new Set(entries.map(({ path }) => path)).size !== entries.length)
      problems.push({ file: FILE, what: `/${side} names a path twice` });
    return problems;
  });
}

/** The workspace may stay behind: the trees say what it was. */
export async function workspaceCheck(workspace: string, trees: Trees): Promise<Check> {
  const id = 'workspace';
  const stat = await lstat(workspace).catch(() => null);
  if (stat === null) return skipped(id, 'no workspace/ beside the bundle: only its digests are known');
  if (!stat.isDirectory()) return checkOf(id, [{ file: 'workspace', what: 'is no folder' }], '');
  if (trees.after.truncated)
    return skipped(id, 'the tree was not read whole, so that nothing can be compared');
  const found = await digestTree(workspace, {
    ...UNBOUNDED,
  });
  const problems = diffTrees(trees.after.entries, found.entries).map(
    ({ path, change }): Problem => ({
      file: `workspace/${path}`,
      what: `was changed after the run (${change})`,
    }),
  );
  return checkOf(id, problems, `workspace/ is what the run left, ${found.entries.length} entries`);
}
