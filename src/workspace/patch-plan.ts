/** Decides which paths go into a patch and which changes it cannot say. Pure. */
import type { TreeEntry } from '../schema/tree.ts';
import { diffTrees } from '../witness/difference.ts';
import type { TreeDigest } from '../witness/tree.ts';
import { gitMode, isExact, isPathExpressible } from './expressible.ts';

export interface PatchRequest {
  /** the pristine copy */
  before: string;
  /** the engine's result: hostile */
  after: string;
  /** engine state that stays out of the patch */
  leaveOut: readonly string[];
  /** both trees, where they have been digested already (engine state may be in them); else they are digested here */
  trees?: { before: TreeDigest; after: TreeDigest };
  /** neither the patch nor what is read of one tree may be larger */
  maxBytes: number;
  maxEntries?: number;
  /** how long git may take, milliseconds */
  timeoutMs?: number;
  /** a folder of our own that does not exist yet; removed at the end */
  scratch: string;
  /** who removes it, where nobody shall wait for that */
  discard?: (folder: string) => void;
  /** the patch file; must not exist yet */
  out: string;
}

/** One path's way into the two trees. */
export interface PatchedPath {
  path: string;
  before: TreeEntry | undefined;
  after: TreeEntry | undefined;
}

export interface PatchPlan {
  patched: PatchedPath[];
  /** paths where applying the patch does not leave exactly what `after` has there */
  inexpressible: Set<string>;
}

/** Git holds a file in memory more than once: larger ones are listed instead. */
const MAX_FILE_BYTES = 64 << 20;

interface Side {
  entries: Map<string, TreeEntry>;
  /** folders that exist in git because a file below them does */
  folders: Set<string>;
  /** folders that `git apply` cannot remove, because it cannot remove something in them */
  stubborn: Set<string>;
}

/** Plans the patch from one tree to another; a folder stands before its content in both. */
export function planPatch(before: readonly TreeEntry[], after: readonly TreeEntry[]): PatchPlan {
  const old = side(before, new Set());
  const buried = findBuried(after, old);
  const now = side(after, buried);
  const patched: PatchedPath[] = [];
  const inexpressible = new Set<string>();
  for (const path of new Set(diffTrees(before, after).map((change) => change.path))) {
    const pair = { path, before: old.entries.get(path), after: now.entries.get(path) };
    const isSaid = !buried.has(path) && canSay(pair, old);
    if (isSaid && isContentChange(pair)) patched.push(pair);
    if (!isReproduced(pair, isSaid, old, now)) inexpressible.add(path);
  }
  // `git apply` removes a folder with its last file, though the engine left it there.
  for (const { path, kind } of after) {
    if (kind === 'dir' && old.folders.has(path) && !now.folders.has(path)) inexpressible.add(path);
  }
  addFoldersThatStay(now, inexpressible);
  return { patched, inexpressible };
}

function side(entries: readonly TreeEntry[], buried: Set<string>): Side {
  const folders = new Set<string>();
  for (const entry of entries) {
    if (isKnownToGit(entry) && !buried.has(entry.path)) addAbove(entry.path, folders);
  }
  const stubborn = new Set<string>();
  for (const entry of entries) {
    const goesWithItsFiles = entry.kind === 'dir' && folders.has(entry.path);
    if (!goesWithItsFiles && !isKnownToGit(entry)) addAbove(entry.path, stubborn);
  }
  return { entries: new Map(entries.map((entry) => [entry.path, entry])), folders, stubborn };
}

/** True for files and links that a patch can make and remove. */
function isKnownToGit(entry: TreeEntry): boolean {
  return gitMode(entry) !== null && entry.size <= MAX_FILE_BYTES && isPathExpressible(entry.path);
}

/**
 * What the engine put below a path where before there was no folder, and which `git apply` cannot reach: it looks
 * through a link that stands there (and gives up in a loop of links), and cannot clear away what it does not know.
 */
function findBuried(after: readonly TreeEntry[], old: Side): Set<string> {
  const buried = new Set<string>();
  for (const { path } of after) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const was = old.entries.get(parent);
    const isInTheWay = was !== undefined && was.kind !== 'dir' && (was.kind !== 'file' || !isKnownToGit(was));
    if (isInTheWay || buried.has(parent)) buried.add(path);
  }
  return buried;
}

function addAbove(path: string, folders: Set<string>): void {
  for (const folder of foldersAbove(path)) {
    if (folders.has(folder)) break;
    folders.add(folder);
  }
}

/** Nearest first. */
function* foldersAbove(path: string): Generator<string, void, undefined> {
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) yield path.slice(0, at);
}

/** True where git has a word for at least one end of the change and can clear away what stands there before. */
function canSay({ path, before, after }: PatchedPath, old: Side): boolean {
  if (!isPathExpressible(path) || Math.max(before?.size ?? 0, after?.size ?? 0) > MAX_FILE_BYTES)
    return false;
  if (before?.kind === 'dir' ? old.stubborn.has(path) : before !== undefined && !isKnownToGit(before))
    return false;
  return gitMode(before) !== null || gitMode(after) !== null;
}

function isContentChange({ before, after }: PatchedPath): boolean {
  return gitMode(before) !== gitMode(after) || before?.digest !== after?.digest;
}

function isReproduced({ path, before, after }: PatchedPath, isSaid: boolean, old: Side, now: Side): boolean {
  if (after?.kind === 'dir') {
    const isNew = before?.kind !== 'dir';
    // The mode of a folder is not git's business: a new one gets 755, an old one keeps what it has.
    return (
      isNew &&
      now.folders.has(path) &&
      after.mode === 0o755 &&
      (before === undefined || (before.kind === 'file' && isSaid))
    );
  }
  if (before?.kind === 'dir' && old.stubborn.has(path)) return false;
  if (after === undefined) return before?.kind === 'dir' ? old.folders.has(path) : isSaid;
  return isSaid && gitMode(after) !== null && isExact(after);
}

/** A folder that shall go stays where something in it stays. */
function addFoldersThatStay(now: Side, inexpressible: Set<string>): void {
  const above = new Set<string>();
  for (const path of inexpressible) addAbove(path, above);
  for (const folder of above) if (now.entries.get(folder)?.kind !== 'dir') inexpressible.add(folder);
}
