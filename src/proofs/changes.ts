/** Works out from the two trees which files an engine changed and which of them the contract allows. */
import picomatch from 'picomatch';
import type { Contract } from '../schema/contract.ts';
import type { ChangedFile } from '../schema/report.ts';
import type { TreeChange, TreeEntry } from '../schema/tree.ts';

export interface Changes {
  /** every change but the engine's own notes, in the order of the trees */
  files: ChangedFile[];
  /** changes under `engine_state`, which are counted and left out */
  engineState: number;
  /** some change shows in a git patch: a file or link that was added, altered or removed */
  inPatch: boolean;
}

type Entries = { entries: readonly TreeEntry[] };

/** What may stand at an allowed path; a FIFO, socket or device never may. */
const ORDINARY = ['file', 'dir', 'link'];

/**
 * Compares the trees of one run. A folder that was made or removed is left out where a change inside implies it.
 * Globs are picomatch's without negation: `*` and `**` match no name that begins with a dot unless they say so.
 */
export function changedFiles(
  trees: { before: Entries; after: Entries },
  contract: Pick<Contract, 'allowed_files' | 'engine_state'>,
): Changes {
  const before = new Map(trees.before.entries.map((entry) => [entry.path, entry]));
  const after = new Map(trees.after.entries.map((entry) => [entry.path, entry]));
  const all = differences(before, after);
  const implied = ancestors(all.filter(isMadeOrRemoved).map(({ path }) => path));
  const isAllowed = picomatch(contract.allowed_files, { nonegate: true });
  const isState = stateMatcher(contract.engine_state);
  const changes: Changes = { files: [], engineState: 0, inPatch: false };
  for (const change of all) {
    const kinds = [before.get(change.path)?.kind, after.get(change.path)?.kind];
    if (isState(change.path)) {
      changes.engineState += 1;
      continue;
    }
    if (isMadeOrRemoved(change) && kinds.includes('dir') && implied.has(change.path)) continue;
    const kind = kinds[1] ?? 'file';
    changes.files.push({ ...change, allowed: ORDINARY.includes(kind) && isAllowed(change.path) });
    if (change.change !== 'mode' && kinds.some((one) => one === 'file' || one === 'link'))
      changes.inPatch = true;
  }
  return changes;
}

function differences(before: Map<string, TreeEntry>, after: Map<string, TreeEntry>): TreeChange[] {
  const changes: TreeChange[] = [];
  for (const [path, old] of before) {
    const now = after.get(path);
    const change = now === undefined ? 'deleted' : difference(old, now);
    if (change !== null) changes.push({ path, change, before: old.digest, after: now?.digest ?? null });
  }
  for (const [path, now] of after) {
    if (!before.has(path)) changes.push({ path, change: 'added', before: null, after: now.digest });
  }
  return changes;
}

function difference(old: TreeEntry, now: TreeEntry): TreeChange['change'] | null {
  if (old.kind !== now.kind) return 'kind';
  const isUnread = now.kind === 'file' && now.digest === null;
  if (old.digest !== now.digest || old.size !== now.size || isUnread) return 'modified';
  return old.mode === now.mode ? null : 'mode';
}

function isMadeOrRemoved(change: TreeChange): boolean {
  return change.change === 'added' || change.change === 'deleted';
}

/** Every folder above any of the paths. Stops at one that is known, or a deep tree would take its depth squared. */
function ancestors(paths: string[]): Set<string> {
  const found = new Set<string>();
  for (const path of paths)
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (found.has(folder)) break;
      found.add(folder);
    }
  return found;
}

/** A pattern of `engine_state` names a file or folder and everything under it. */
function stateMatcher(patterns: string[]): (path: string) => boolean {
  const tops = patterns.map((pattern) => pattern.replace(/\/+$/, '')).filter((top) => top !== '');
  if (tops.length === 0) return () => false;
  return picomatch([...tops, ...tops.map((top) => `${top}/**`)], { nonegate: true, dot: true });
}
