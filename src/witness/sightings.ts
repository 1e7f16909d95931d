/**
 * Decides what the host watcher writes down. The library finds and watches folders; what happens to anything else is
 * told by the kernel's own events of its folder, with one look each. Keeps nothing of a file but, for a while, its name
 * in a folder that is new. Never follows a link.
 */
import { closeSync, constants, lstatSync, opendirSync, openSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';
import type { Sight, WatchLog } from './watch-log.ts';

/** The same said again of a path within this time is one record: a program may write a file byte by byte. */
const WINDOW_MS = 50;

/** The kernel stamps files with a clock that ticks. */
const TICK_MS = 20;

/** What a byte is read as that is not UTF-8: the name cannot be looked at. */
const REPLACEMENT = '\ufffd';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class Sightings {
  readonly #log: WatchLog;
  readonly #folders = new Set<string>();
  /** new folders, and the names seen in them before anybody knew that they are watched */
  readonly #fresh = new Map<string, Set<string>>();
  /** folders that the kernel told of, and the library not yet */
  readonly #awaited = new Set<string>();
  #recent = new Set<string>();
  #before = new Set<string>();
  #windowSince = 0;
  #startedAt = 0;

  readonly #relist: (folder: string) => void;

  /** @param relist told of a watched folder in which a folder came or went */
  constructor(log: WatchLog, relist: (folder: string) => void) {
    this.#log = log;
    this.#relist = relist;
  }

  /** From now on everything is recorded. @param folders every folder that is watched */
  start(folders: Iterable<string>): void {
    for (const path of folders) this.#folders.add(path);
    this.#startedAt = Date.now() - TICK_MS;
  }

  /** True while the library has yet to look at a folder that stands there. */
  get awaitsFolder(): boolean {
    for (const path of this.#awaited) {
      if (look(path)?.isDirectory() === true) return true;
      this.#awaited.delete(path);
    }
    return false;
  }

  /** The library met a new folder. It is about to list it, and then to watch it. */
  folderAdded(path: string): void {
    this.#awaited.delete(path);
    this.#folders.add(path);
    this.#log.saw('addDir', path);
    this.#fresh.set(path, new Set());
    this.#list(path);
  }

  folderRemoved(path: string): void {
    this.#folders.delete(path);
    this.#fresh.delete(path);
    this.#log.saw('unlinkDir', path);
  }

  /** One event of the kernel: `rename` where a name came or went, `change` where content or attributes did. */
  happened(event: string, name: string | null, folder: string): void {
    this.#log.stirred();
    if (name === null) return;
    if (!this.#log.isReady) {
      this.#relist(folder);
      return;
    }
    // It is watched, then: what came before the watch shows in one more list.
    this.#settle(folder);
    const path = join(folder, name);
    const stats = look(path);
    const isFolder = this.#folders.has(path);
    if (event === 'rename' && (isFolder || stats?.isDirectory() === true)) this.#relist(folder);
    if (stats === null) {
      const isOther = name === basename(folder) || name.includes(REPLACEMENT) || isFolder;
      if (event === 'rename' && !isOther) this.#record('unlink', path);
    } else if (stats.isDirectory()) {
      if (!isFolder) this.#awaited.add(path);
    } else if (name !== basename(folder) || stats.ctimeMs >= this.#startedAt) {
      // An event of the folder itself comes under the folder's name: then only the file's own clock tells.
      this.#record(event === 'rename' ? 'add' : 'change', path);
    }
  }

  /** Looks once more into every new folder that no event has come from: what is there came before its watch. */
  settle(): void {
    for (const folder of [...this.#fresh.keys()]) this.#settle(folder);
  }

  #settle(folder: string): void {
    if (!this.#fresh.has(folder)) return;
    this.#list(folder);
    this.#fresh.delete(folder);
  }

  /** Records what is in a new folder and was not before; folders are the library's. */
  #list(folder: string): void {
    const names = this.#fresh.get(folder);
    for (const name of namesIn(folder)) {
      if (names?.has(name) === true) continue;
      names?.add(name);
      this.#record('add', join(folder, name));
    }
  }

  #record(sight: Sight, path: string): void {
    const now = performance.now();
    if (now - this.#windowSince > WINDOW_MS) {
      this.#before = now - this.#windowSince > 2 * WINDOW_MS ? new Set() : this.#recent;
      this.#recent = new Set();
      this.#windowSince = now;
    }
    const isKnown = (key: string) => this.#recent.has(key) || this.#before.has(key);
    const key = `${sight} ${path}`;
    // A file that is made is written, too.
    if (isKnown(key) || (sight === 'change' && isKnown(`add ${path}`))) return;
    this.#recent.add(key);
    this.#log.saw(sight, path);
  }
}

/** Everything in a folder but folders; nothing where it cannot be listed or is no folder any more. */
function* namesIn(folder: string): Generator<string, void, undefined> {
  let fd: number | null = null;
  try {
    fd = openSync(folder, FOLDER);
    const stream = opendirSync(`/proc/self/fd/${fd}`, { bufferSize: 256 });
    try {
      for (let entry = stream.readSync(); entry !== null; entry = stream.readSync())
        if (!entry.isDirectory() && !entry.name.includes(REPLACEMENT)) yield entry.name;
    } finally {
      stream.closeSync();
    }
  } catch {
    // Removed, or closed by its owner: nobody else could look either.
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Null where nothing stands there, or where nobody may look. */
function look(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
