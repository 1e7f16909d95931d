/**
 * Walks a hostile tree in one fixed order, with lstat only: nothing is followed, opened (but folders) or executed.
 * Bounded in entries and in path text, never recursive.
 */
import { lstatSync, opendirSync, type Stats } from 'node:fs';
import type { TreeEntry } from '../schema/tree.ts';
import { decodeName } from './bytes.ts';
import { Directories } from './directories.ts';

/** For folders of our own making, and for what is looked at whole or not at all. */
export const UNBOUNDED = { maxEntries: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER } as const;

export interface WalkOptions {
  /** entries beyond this many are not visited */
  maxEntries: number;
  /** true for what is left out, with everything below it; `path` as in TreeEntry */
  leaveOut?: ((path: string) => boolean) | undefined;
}

/** One entry, or the end of a folder's content. `name` is latin1: its characters are its bytes. */
export type Step =
  | { at: 'entry'; path: string; name: string; kind: TreeEntry['kind']; stat: Stats | null }
  | { at: 'leave'; path: string; stat: Stats };

/**
 * The path text of one tree, counted as JSON, may not be longer: a hostile engine can nest folders so that
 * their paths alone fill any memory. 10,000 nested one-letter folders need 100 MB and still fit.
 */
const MAX_PATH_TEXT = 128 << 20;

/** How many names one read of a folder takes from the kernel. */
const NAMES_AT_ONCE = 256;

interface Level {
  path: string;
  textLength: number;
  stat: Stats | null;
  names: string[];
  next: number;
}

/** One walk. Iterate over `steps()` once; `truncated` says afterwards whether something was not visited. */
export class TreeWalk {
  /** entries, path text or the tree itself ran out of bounds: what was visited is not everything */
  truncated = false;
  readonly directories: Directories;
  readonly #options: WalkOptions;
  #entriesLeft: number;
  #textLeft = MAX_PATH_TEXT;

  /** @throws the system's error where `root` is a link, no folder, or cannot be read */
  constructor(root: string | Buffer, options: WalkOptions) {
    this.#options = options;
    this.#entriesLeft = options.maxEntries;
    this.directories = new Directories(root);
  }

  /**
   * Every entry below the root: a folder before its content, siblings by the bytes of their names. While an
   * entry that is no folder is handled, `directories.at(name)` reaches it; a folder has been entered already.
   */
  *steps(): Generator<Step, void, undefined> {
    try {
      const levels: Level[] = [this.#list('', 0, null)];
      for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
        const name = level.names[level.next];
        level.next += 1;
        if (name !== undefined) {
          const below = yield* this.#visit(level, name);
          if (below !== null) levels.push(below);
          continue;
        }
        levels.pop();
        if (level.stat === null) continue;
        yield { at: 'leave', path: level.path, stat: level.stat };
        if (!this.#leave()) return;
      }
    } finally {
      this.directories.close();
    }
  }

  /** Yields one entry; the level to go on with where it is a folder that could be entered. */
  *#visit(level: Level, name: string): Generator<Step, Level | null, undefined> {
    const text = decodeName(name);
    const path = join(level.path, text);
    const textLength = level.textLength + JSON.stringify(text).length - 1;
    if (this.#textLeft < textLength) {
      this.truncated = true;
      return null;
    }
    this.#textLeft -= textLength;
    const stat = attempt(() => lstatSync(this.directories.at(name)));
    const kind = stat === null ? 'unreadable' : kindOf(stat);
    if (kind !== 'dir' || stat === null) {
      yield { at: 'entry', path, name, kind, stat };
      return null;
    }
    const below = this.#enter(name, path, textLength, stat);
    yield { at: 'entry', path, name, kind: below === null ? 'unreadable' : 'dir', stat };
    return below;
  }

  #enter(name: string, path: string, textLength: number, stat: Stats): Level | null {
    const entered = attempt(() => {
      this.directories.enter(name);
      return true;
    });
    return entered === null ? null : this.#list(path, textLength, stat);
  }

  #leave(): boolean {
    try {
      this.directories.leave();
      return true;
    } catch {
      this.truncated = true;
      return false;
    }
  }

  /** The present folder's names, by their bytes; no more of them than may still be visited. */
  #list(path: string, textLength: number, stat: Stats | null): Level {
    const names: string[] = [];
    const stream = attempt(() =>
      opendirSync(`/proc/self/fd/${this.directories.fd}`, { encoding: 'latin1', bufferSize: NAMES_AT_ONCE }),
    );
    // A folder that was opened but cannot be listed is a hole in what we know.
    if (stream === null) this.truncated = true;
    try {
      for (let entry = stream?.readSync(); entry; entry = stream?.readSync()) {
        if (this.#options.leaveOut?.(join(path, decodeName(entry.name))) === true) continue;
        if (this.#entriesLeft <= 0) {
          this.truncated = true;
          break;
        }
        this.#entriesLeft -= 1;
        names.push(entry.name);
      }
    } catch {
      this.truncated = true;
    } finally {
      stream?.closeSync();
    }
    return { path, textLength, stat, names: names.sort(), next: 0 };
  }
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** What an entry is, by lstat alone. */
export function kindOf(stat: Stats): TreeEntry['kind'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'dir';
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'device';
}

/** Null where the system refuses: who may not be read is reported as such, never skipped. */
function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
