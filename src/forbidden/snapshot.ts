/** The state of a guarded root at one moment, and what differs between two. Only looks. */
import { createHash } from 'node:crypto';
import { lstatSync, type Stats } from 'node:fs';
import type { Digest } from '../schema/common.ts';
import { digestTree } from '../witness/tree.ts';
import { TreeWalk, UNBOUNDED } from '../witness/walk.ts';
import type { GuardedRoot } from './roots.ts';

export interface Snapshot {
  digest: Digest;
  /** per path what was seen of it, as text */
  entries: Map<string, string>;
}

const MAX_DIFFERENCES = 20;

/**
 * Size, times, inode and mode of every entry, or the digest of its content. A change of content moves ctime,
 * which no program can set, so that metadata is enough against anybody but the kernel.
 * The root itself is an entry too, with an empty path.
 * @throws the system's error where the root cannot be read; Error where a part of it could not be visited: what
 *   was not seen before cannot be proven unchanged after
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
  const entries = new Map([['', factsOf('dir', lstatSync(root))]]);
  const walk = new TreeWalk(root, UNBOUNDED);
  for (const step of walk.steps()) {
    if (step.at === 'leave') continue;
    const { stat, kind, path } = step;
    if (stat === null || kind === 'unreadable') throw unreadable(path);
    entries.set(path, factsOf(kind, stat));
  }
  if (walk.truncated) throw new Error(`${root} could not be visited whole`);
  return entries;
}

/** Times with the fractions that the kernel gives: a quarter of a microsecond is the least that shows. */
function factsOf(kind: string, { mode, size, ino, mtimeMs, ctimeMs }: Stats): string {
  return [kind, mode, size, ino, mtimeMs, ctimeMs].join(' ');
}

function unreadable(path: string): Error {
  return new Error(`${JSON.stringify(path)} cannot be read`);
}

async function contents(root: string): Promise<Map<string, string>> {
  const tree = await digestTree(root, UNBOUNDED);
  if (tree.truncated) throw new Error(`${root} could not be read whole`);
  const entries = new Map([['', `dir ${lstatSync(root).mode & 0o7777}`]]);
  for (const { path, kind, mode, size, digest } of tree.entries) {
    if (kind === 'unreadable' || (kind === 'file' && digest === null)) throw unreadable(path);
    entries.set(path, [kind, mode, size, digest].join(' '));
  }
  return entries;
}
