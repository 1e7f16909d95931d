/** What changed from one tree of digests to another. Pure. What cannot be compared counts as changed. */
import type { TreeChange, TreeEntry } from '../schema/tree.ts';

/**
 * Differences in the order of `after`, then what was deleted in the order of `before`. A path whose content and
 * permission bits both changed is listed twice, as `modified` and as `mode`.
 */
export function diffTrees(before: readonly TreeEntry[], after: readonly TreeEntry[]): TreeChange[] {
  const old = new Map(before.map((entry) => [entry.path, entry]));
  const changes: TreeChange[] = [];
  for (const entry of after) {
    const was = old.get(entry.path);
    if (was === undefined) {
      changes.push({ path: entry.path, change: 'added', before: null, after: entry.digest });
      continue;
    }
    old.delete(entry.path);
    const digests = { before: was.digest, after: entry.digest };
    if (was.kind !== entry.kind) {
      changes.push({ path: entry.path, change: 'kind', ...digests });
      continue;
    }
    if (!sameContent(was, entry)) changes.push({ path: entry.path, change: 'modified', ...digests });
    if (was.mode !== entry.mode) changes.push({ path: entry.path, change: 'mode', ...digests });
  }
  for (const gone of old.values())
    changes.push({ path: gone.path, change: 'deleted', before: gone.digest, after: null });
  return changes;
}

/** Two contents that nobody read are not the same content. */
function sameContent(was: TreeEntry, is: TreeEntry): boolean {
  if (was.size !== is.size || was.digest !== is.digest) return false;
  const isRead = is.kind === 'file' || is.kind === 'link';
  return is.kind !== 'unreadable' && (!isRead || is.digest !== null);
}
