/**
 * The library's watcher, kept to folders. Left to itself it looks at every entry of a folder again whenever anything
 * happens in it, and opens a watch for every file: an engine that makes a hundred thousand files would cost gigabytes
 * and minutes. Here a folder is listed again only where one of its folders came or went, and files are passed over.
 * It never follows a link, and decides nothing about what is recorded.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type ChokidarOptions, FSWatcher } from 'chokidar';

/** Folders that come in a row are found by one list. */
const GATHER_MS = 10;

/** No list is thought stuck: one waits until it is needed. */
const FOREVER_MS = 2 ** 31 - 1;

type Listing = NonNullable<ReturnType<FSWatcher['_readdirp']>>;
type Throttle = ReturnType<FSWatcher['_throttle']>;

export class FolderWatcher extends FSWatcher {
  readonly #listed = new Set<string>();
  readonly #stale = new Set<string>();
  readonly #waiting = new Map<string, () => void>();
  /** by path: a folder may be removed and made again between two lists */
  readonly #identities = new Map<string, string>();

  constructor(options: ChokidarOptions) {
    super(options);
    this.on('unlinkDir', (path) => this.#identities.delete(path));
  }

  /** A folder in `folder` came or went: the library shall find out which. */
  relist(folder: string): void {
    this.#stale.add(folder);
    const go = this.#waiting.get(folder);
    this.#waiting.delete(folder);
    go?.();
  }

  /** The library's list of a folder. It has one of each folder under way at most, and begins another where something happened meanwhile. */
  override _readdirp(folder: string): Listing | undefined {
    if (this.closed) return undefined;
    const stream = new Readable({ objectMode: true, read: () => undefined });
    this._streams.add(stream as Listing);
    stream.once('close', () => this._streams.delete(stream as Listing));
    void this.#list(folder, stream);
    return stream as Listing;
  }

  override _throttle(...[type, path, timeout]: Parameters<FSWatcher['_throttle']>): Throttle {
    const throttle = super._throttle(type, path, type === 'readdir' ? FOREVER_MS : timeout);
    if (throttle !== false && type === 'readdir') (throttle.timeoutObject as NodeJS.Timeout).unref();
    return throttle;
  }

  async #list(folder: string, stream: Readable): Promise<void> {
    if (this.#listed.has(folder)) {
      if (!this.#stale.has(folder)) await new Promise<void>((go) => this.#waiting.set(folder, go));
      await delay(GATHER_MS);
    }
    this.#listed.add(folder);
    this.#stale.delete(folder);
    // Gone or closed by its owner: the library takes what it knew in it for gone, too.
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      const fullPath = join(folder, entry.name);
      const stats = await lstat(fullPath).catch(() => null);
      if (stats?.isDirectory() !== true) continue;
      if (this.#isAnother(fullPath, stats)) this.#listAgain(folder);
      else stream.push({ path: entry.name, fullPath, basename: entry.name, stats });
    }
    stream.push(null);
  }

  /** Left out of one list, the old folder is gone for the library; in the next the new one is new. */
  #isAnother(path: string, { ino, birthtimeMs }: Stats): boolean {
    const identity = `${ino}:${birthtimeMs}`;
    const known = this.#identities.get(path);
    if (known === undefined) this.#identities.set(path, identity);
    if (known === undefined || known === identity) return false;
    this.#listed.delete(path);
    return true;
  }

  /** Counts as something that happened while the folder was listed. */
  #listAgain(folder: string): void {
    this.#stale.add(folder);
    this._throttle('readdir', folder, 0);
  }
}
