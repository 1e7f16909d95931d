/** Looks for the recorded attempts that explain one change. Pure, bounded; what it cannot explain is unexplained. */
import type { Digest } from '../schema/common.ts';
import type { TreeChange } from '../schema/tree.ts';
import { type AttemptIndex, isUnderRoots, TOUCH } from './attempts.ts';

/** Makes something stand at a path where nothing of the kind stood. */
const MAKES = TOUCH.create | TOUCH.symlink | TOUCH.linkedTo;
/** Gives a path other content. */
const ALTERS = MAKES | TOUCH.write;
/** Gives a path other permission bits. */
const PERMITS = TOUCH.create | TOUCH.metadata | TOUCH.linkedTo;

/** Gives a name, not content. */
const NAMES = TOUCH.symlink | TOUCH.linkedTo;

/** Names looked at for one change, and for all: an engine may weave renames into a maze. */
const MAX_NAMES = 10_000;
const MAX_ALL_NAMES = 2_000_000;

type Change = TreeChange['change'];

interface Name {
  path: string;
  /** another name of the same file by a hard link: from here on, where it went matters as well */
  isLink: boolean;
}

/** Explains the changes of one workspace. `changes` by container path. */
export class Explainer {
  readonly #index: AttemptIndex;
  readonly #changes: ReadonlyMap<string, TreeChange[]>;
  readonly #movedTo: Above;
  readonly #movedFrom: Above;
  #namesLeft = MAX_ALL_NAMES;

  constructor(index: AttemptIndex, changes: ReadonlyMap<string, TreeChange[]>) {
    this.#index = index;
    this.#changes = changes;
    this.#movedTo = new Above(index.origins);
    this.#movedFrom = new Above(index.destinations);
  }

  /** True where recorded attempts explain the change at the container's `path`. */
  isExplained(path: string, change: TreeChange): boolean {
    if (change.change === 'deleted') return this.#isGone(path);
    const start = this.#touched(path);
    const wanted = wantedBits(change.change);
    return (start & wanted) !== 0 || this.#isMoved(path, change, wanted);
  }

  /** True where any attempt on the path, or a move of a folder above it, explains that a watcher saw it. */
  isTouched(path: string): boolean {
    return (
      this.#touched(path) !== 0 || this.#movedTo.of(path).length > 0 || this.#movedFrom.of(path).length > 0
    );
  }

  #touched(path: string): number {
    return this.#index.touched.get(path) ?? 0;
  }

  #isGone(path: string): boolean {
    return (
      (this.#touched(path) & (TOUCH.delete | TOUCH.renamedFrom)) !== 0 || this.#movedFrom.of(path).length > 0
    );
  }

  /**
   * Follows the names that the file had before, through renames of itself and of folders above, and its other names
   * by hard links. It is explained where one of them was made or altered by a recorded attempt, or stood there before
   * the engine began and either came through with the same content or was written under one of its names.
   */
  #isMoved(path: string, change: TreeChange, wanted: number): boolean {
    const seen = new Set([path]);
    const queue: Name[] = [{ path, isLink: false }];
    let stoodBefore = false;
    let isWritten = false;
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const bits = this.#touched(name.path);
      isWritten ||= (bits & TOUCH.write) !== 0;
      // Giving a file one more name alters nothing under the names it has.
      const explaining = (change.change === 'mode' ? wanted : ALTERS) & (name.isLink ? ~NAMES : ~0);
      if (name.path !== path) {
        if ((bits & explaining) !== 0) return true;
        const before = name.isLink ? undefined : this.#contentBefore(name.path);
        if (before !== undefined && (change.change === 'mode' || before === change.after)) return true;
        stoodBefore ||= before !== undefined;
      }
      for (const other of this.#otherNames(name)) {
        if (seen.has(other.path)) continue;
        if (seen.size >= MAX_NAMES || this.#namesLeft <= 0) return false;
        this.#namesLeft -= 1;
        seen.add(other.path);
        queue.push(other);
      }
    }
    return stoodBefore && isWritten;
  }

  /** Undefined where nothing that has changed since stood at this path before the engine began. */
  #contentBefore(path: string): Digest | null | undefined {
    return this.#changes.get(path)?.find((change) => change.change !== 'added')?.before;
  }

  *#otherNames({ path, isLink }: Name): Generator<Name, void, undefined> {
    yield* moves(path, this.#movedTo.with(path), this.#index.origins, isLink);
    for (const other of this.#index.links.get(path) ?? []) yield { path: other, isLink: true };
    if (isLink) yield* moves(path, this.#movedFrom.with(path), this.#index.destinations, isLink);
  }
}

function wantedBits(change: Change): number {
  if (change === 'mode') return PERMITS;
  return change === 'modified' ? ALTERS : MAKES;
}

/** The path as it was called when the folders in `above` had their other names. */
function* moves(
  path: string,
  above: readonly string[],
  map: ReadonlyMap<string, ReadonlySet<string>>,
  isLink: boolean,
): Generator<Name, void, undefined> {
  for (const folder of above) {
    for (const other of map.get(folder) ?? []) {
      const name = other + path.slice(folder.length);
      if (isUnderRoots(name)) yield { path: name, isLink };
    }
  }
}

/** Which folders above a path are keys of a map; each folder is looked up once, however many paths share it. */
class Above {
  readonly #map: ReadonlyMap<string, unknown>;
  readonly #known = new Map<string, readonly string[]>([['', []]]);

  constructor(map: ReadonlyMap<string, unknown>) {
    this.#map = map;
  }

  /** Folders above `path`, not the path itself. */
  of(path: string): readonly string[] {
    if (this.#map.size === 0) return [];
    const pending: string[] = [];
    let folder = parentOf(path);
    let found = this.#known.get(folder);
    while (found === undefined) {
      pending.push(folder);
      folder = parentOf(folder);
      found = this.#known.get(folder);
    }
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      found = this.#map.has(next) ? [...found, next] : found;
      this.#known.set(next, found);
    }
    return found;
  }

  /** Folders above `path`, and the path itself. */
  with(path: string): readonly string[] {
    const above = this.of(path);
    return this.#map.has(path) ? [...above, path] : above;
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
