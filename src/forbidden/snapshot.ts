/** The state of a guarded root at one moment, and what differs between two. Only looks. */
import { createHash } from 'node:crypto';
import type { Digest } from '../schema/common.ts';
import { digestTree } from '../witness/tree.ts';
import { TreeWalk } from '../witness/walk.ts';
import type { GuardedRoot } from './roots.ts';

export interface Snapshot {
  digest: Digest;
  /** per path what was seen of it, as text */
  entries: Map<string, string>;
}

const UNBOUNDED = { maxEntries: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
const MAX_DIFFERENCES = 20;

/**
 * Size, times, inode and mode of every entry, or the digest of its content. A change of content moves ctime,
 * which no program can set, so that metadata is enough against anybody but the kernel.
 * @throws the system's error where the root cannot be read; Error where a part of it could not be visited
 */
export async function snapshotRoot(root: Pick<GuardedRoot, 'resolved' | 'mode'>): Promise<Snapshot> {
  const entries = root.mode === 'content' ? await contents(root.resolved) : metadata(root.resolved);
  const sum = createHash('sha256');
  for (const [path, seen] of entries) sum.update(`${JSON.stringify([path, seen])}\n`);
  return { digest: `sha256:${sum.digest('hex')}`, entries };
}

/** Paths that differ, the first few, each with how. */
export function compareSnapshots(before: Snapshot, after: Snapshot): string[] {
  if (before.digest === after.digest) return [];
  const differences: string[] = [];
  for (const [path, seen] of before.entries) {
    const now = after.entries.get(path);
    if (now === undefined) differences.push(`deleted: ${path}`);
    else if (now !== seen) differences.push(`changed: ${path}`);
    if (differences.length === MAX_DIFFERENCES) return differences;
  }
  for (const path of after.entries.keys()) {
    if (!before.entries.has(path)) differences.push(`added: ${path}`);
    if (differences.length === MAX_DIFFERENCES) break;
  }
  return differences;
}

function metadata(root: string): Map<string, string> {
  const entries = new Map<string, string>();
  const walk = new TreeWalk(root, UNBOUNDED);
  for (const step of walk.steps()) {
    if (step.at === 'leave') continue;
    const { stat, kind } = step;
    entries.set(
      step.path,
      stat === null ? kind : [kind, stat.mode, stat.size, stat.ino, stat.mtimeMs, stat.ctimeMs].join(' '),
    );
  }
  if (walk.truncated) throw new Error(`${root} could not be visited whole`);
  return entries;
}

async function contents(root: string): Promise<Map<string, string>> {
  const tree = await digestTree(root, UNBOUNDED);
  if (tree.truncated) throw new Error(`${root} could not be read whole`);
  return new Map(
    tree.entries.map(({ path, kind, mode, size, digest }) => [path, [kind, mode, size, digest].join(' ')]),
  );
}
