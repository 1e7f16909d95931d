/**
 * Compares the witnesses: every difference between the trees, and everything the watcher saw, must be explained by
 * an attempt that the recorder saw and allowed. Pure. Fails closed: what is not explained is listed.
 */
import type { TreeChange, WatchRecord } from '../schema/tree.ts';
import type { AttemptIndex } from './attempts.ts';
import { Explainer } from './explain.ts';

export { type AttemptIndex, addAttempt, indexAttempts, noAttempts } from './attempts.ts';

/** Where runtime_workspace_root is inside the cage. */
const WORKSPACE = '/workspace';

/** What the watcher saw: the first event of each container path. */
export interface WatchIndex {
  seen: Map<string, WatchRecord['event']>;
}

export interface Reconciled {
  /** differences between the trees; paths relative to the workspace */
  unexplained: { path: string; change: TreeChange['change'] }[];
  /** paths as the container knows them */
  watched_unexplained: { path: string; change: string }[];
  /** changed paths that the watcher cannot see, because their names are not UTF-8; the other two witnesses can */
  not_watchable: string[];
}

const NOT_UTF8 = /[\udc80-\udcff]/;

/** Indexes `watch.jsonl` in one pass, in memory that grows with distinct paths. */
export async function indexWatch(records: AsyncIterable<WatchRecord>): Promise<WatchIndex> {
  const index: WatchIndex = { seen: new Map() };
  for await (const record of records) addSight(index, record);
  return index;
}

/** Takes one more record into the index. */
export function addSight({ seen }: WatchIndex, { event, root, path }: WatchRecord): void {
  if (root === 'none' || event === 'error') return;
  const place = `/${root}/${path}`;
  if (!seen.has(place)) seen.set(place, event);
}

/**
 * Explains every change by the attempts.
 * @param changes every difference of the workspace, engine state included
 */
export function reconcile(witnesses: {
  changes: readonly TreeChange[];
  attempts: AttemptIndex;
  watch: WatchIndex;
}): Reconciled {
  const { changes, attempts, watch } = witnesses;
  const byPath = new Map<string, TreeChange[]>();
  for (const change of changes) {
    const path = `${WORKSPACE}/${change.path}`;
    const known = byPath.get(path);
    if (known === undefined) byPath.set(path, [change]);
    else known.push(change);
  }
  const explainer = new Explainer(attempts, byPath);
  const result: Reconciled = { unexplained: [], watched_unexplained: [], not_watchable: [] };
  for (const [path, list] of byPath) {
    for (const change of list) {
      if (!explainer.isExplained(path, change))
        result.unexplained.push({ path: change.path, change: change.change });
    }
    const name = list[0]?.path ?? '';
    if (NOT_UTF8.test(name)) result.not_watchable.push(name);
  }
  for (const [path, event] of watch.seen) {
    if (!explainer.isTouched(path) && !attempts.lossy.has(path))
      result.watched_unexplained.push({ path, change: event });
  }
  return result;
}
