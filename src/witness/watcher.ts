/**
 * The host's own witness: watches both folders of a cage through inotify and writes down what it sees. It is the
 * weakest of the three (events merge, overflow or come too late to look), so what it saw must be explained, but
 * what it did not see proves nothing. It only looks: it never writes into a watched folder. The library knows names
 * as UTF-8 only: what has another name is not seen at all, which `reconcile` reports as `not_watchable`.
 */
import { closeSync, fsyncSync, lstatSync, openSync, type Stats, writeSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { relative } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { ProofboxError } from '../errors.ts';
import type { WatchRecord } from '../schema/tree.ts';
import { type Barrier, openBarrier } from './barrier.ts';

export interface WatcherOptions {
  /** host path of runtime_workspace_root */
  workspace: string;
  /** host path of run_artifact_dir */
  artifacts: string;
  /** milliseconds since the run began, monotonic */
  clock: () => number;
  /** becomes watch.jsonl; must not exist yet and must not lie in a watched folder */
  spoolFile: string;
  nonce: string;
}

export interface Watcher {
  /**
   * Waits until everything that happened before the call has been seen, and ends the watch. Never throws: where
   * the end could not be written, the file has no `drained` line and the proof fails.
   */
  drain(): Promise<{ records: number; errors: number }>;
}

/** Deeper folders are not watched: the library walks them recursively. */
const MAX_DEPTH = 64;

const READY_LIMIT_MS = 60_000;

/** The library looks at a path as soon as it hears of it, with no timer between: this is for the looking alone. */
const QUIET_MS = 60;

/** A new folder costs the library some ten looks, one after the other. */
const LOOKS = 200;

/** An engine that is gone causes no more events; whoever else does must not keep us here. */
const DRAIN_LIMIT_MS = 10_000;

const EVENTS = ['add', 'addDir', 'change', 'unlink', 'unlinkDir'] as const;

/**
 * Starts watching; resolved once every folder that stands there now is watched.
 * @throws ProofboxError `host` where the spool file cannot be made or the watch cannot be set up
 */
export async function startWatcher(options: WatcherOptions): Promise<Watcher> {
  const log = new WatchLog(options);
  const watcher = watch([options.workspace, options.artifacts], {
    followSymlinks: false,
    ignoreInitial: true,
    atomic: false,
    awaitWriteFinish: false,
    usePolling: false,
    // An engine may close its own folders to itself, and so to a harness that is not root.
    ignorePermissionErrors: true,
    depth: MAX_DEPTH,
  });
  for (const event of EVENTS) watcher.on(event, (path) => log.saw(event, path));
  watcher.on('raw', () => log.stirred());
  watcher.on('error', (error) => log.failed(error));
  try {
    await isReady(watcher);
    const barrier = openBarrier(options.spoolFile);
    await barrier.pass(DRAIN_LIMIT_MS);
    log.ready();
    return { drain: () => drain(watcher, barrier, log) };
  } catch (cause) {
    await watcher.close();
    log.close();
    throw new ProofboxError('host', `the watcher could not be set up: ${(cause as Error).message}`, {
      fix: 'raise fs.inotify.max_user_watches and fs.inotify.max_user_instances, or run fewer watchers on this host',
      cause,
    });
  }
}

function isReady(watcher: FSWatcher): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready after ${READY_LIMIT_MS} ms`)), READY_LIMIT_MS);
    watcher.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * The kernel queues an event when it happens, in one queue for all watches of this process. So once the event of
 * a file of our own has come through that queue, every event from before has too. The library then looks at each
 * path and may watch new folders; that is over when a whole quiet period brings nothing more.
 */
async function drain(
  watcher: FSWatcher,
  barrier: Barrier,
  log: WatchLog,
): Promise<{ records: number; errors: number }> {
  try {
    const end = performance.now() + DRAIN_LIMIT_MS;
    for (let seen = -1; seen !== log.activity; ) {
      seen = log.activity;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`the watched folders were not quiet for ${DRAIN_LIMIT_MS} ms`);
      await barrier.pass(left);
      await quietPeriod();
    }
  } catch (error) {
    log.failed(error);
  }
  barrier.close();
  await watcher.close().catch((error: unknown) => log.failed(error));
  log.drained();
  return log.close();
}

/**
 * Long enough for the library to look at what it heard of: on a busy host not by the clock alone, but for as many looks
 * of our own as it may need, which wait in the same queue.
 */
async function quietPeriod(): Promise<void> {
  const rest = new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  for (let n = 0; n < LOOKS; n += 1) await lstat('/');
  await rest;
}

/**
 * Whether a folder on the way became a link under the library's hands: what it lists then is the host's, and
 * nothing that the engine made. The link itself is an entry of its own and is recorded.
 */
function liesBehindLink(path: string, inside: string): boolean {
  const root = path.slice(0, path.length - inside.length);
  for (let slash = inside.indexOf('/'); slash !== -1; slash = inside.indexOf('/', slash + 1)) {
    let folder: Stats | undefined;
    try {
      folder = lstatSync(root + inside.slice(0, slash), { throwIfNoEntry: false });
    } catch {
      // Closed by its owner or renamed out of reach: nobody could have looked behind it.
      return false;
    }
    if (folder === undefined) return false;
    if (folder.isSymbolicLink()) return true;
  }
  return false;
}

const FLUSH_BYTES = 64 * 1024;

/** watch.jsonl, written in the order of events. A disk that refuses ends the log without a `drained` line. */
class WatchLog {
  /** everything the kernel or the library told us of, recorded or not */
  activity = 0;
  readonly #options: WatcherOptions;
  readonly #roots: { name: 'workspace' | 'artifacts'; path: string }[];
  #fd: number | null;
  #seq = 0;
  #errors = 0;
  #isReady = false;
  #pending = '';
  #deepest = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#roots = [
      { name: 'workspace', path: options.workspace },
      { name: 'artifacts', path: options.artifacts },
    ];
    try {
      this.#fd = openSync(options.spoolFile, 'wx', 0o600);
    } catch (cause) {
      throw new ProofboxError('host', `the watcher cannot write ${options.spoolFile}`, {
        fix: 'check the space and the permissions of the run directory',
        cause,
      });
    }
  }

  ready(): void {
    this.#isReady = true;
    this.#write({ event: 'ready', root: 'none', path: '', nonce: this.#options.nonce });
  }

  drained(): void {
    this.#write({ event: 'drained', root: 'none', path: '' });
  }

  stirred(): void {
    this.activity += 1;
  }

  saw(event: (typeof EVENTS)[number], path: string): void {
    this.activity += 1;
    const { root, path: inside } = this.#place(path);
    if (!this.#isReady || inside === '' || liesBehindLink(path, inside)) return;
    this.#write({ event, root, path: inside });
    if (event === 'addDir' && !this.#deepest && inside.split('/').length > MAX_DEPTH) {
      this.#deepest = true;
      this.failed(new Error(`folders deeper than ${MAX_DEPTH} levels are not watched`));
    }
  }

  failed(error: unknown): void {
    this.activity += 1;
    this.#errors += 1;
    const { message, path } = error as NodeJS.ErrnoException;
    const at = typeof path === 'string' ? this.#place(path) : { root: 'none' as const, path: '' };
    // The system's message names the host's path, which is nobody's business; the record has its own place for it.
    const text = (message ?? String(error)).split(`'`)[0]?.trim() ?? '';
    if (this.#isReady) this.#write({ event: 'error', ...at, message: text.slice(0, 500) });
  }

  close(): { records: number; errors: number } {
    this.#flush();
    if (this.#fd !== null) {
      try {
        fsyncSync(this.#fd);
      } catch {
        this.#errors += 1;
      }
      closeSync(this.#fd);
      this.#fd = null;
    }
    return { records: this.#seq, errors: this.#errors };
  }

  #place(path: string): { root: WatchRecord['root']; path: string } {
    for (const root of this.#roots) {
      const inside = relative(root.path, path);
      if (inside !== '..' && !inside.startsWith('../')) return { root: root.name, path: inside };
    }
    return { root: 'none', path: '' };
  }

  #write(record: Omit<WatchRecord, 'seq' | 't_ms'>): void {
    this.#seq += 1;
    if (this.#pending === '') setImmediate(() => this.#flush());
    this.#pending += `${JSON.stringify({ seq: this.#seq, t_ms: this.#options.clock(), ...record })}\n`;
    if (this.#pending.length > FLUSH_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    try {
      for (let at = 0; this.#fd !== null && at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch {
      this.#errors += 1;
      if (this.#fd !== null) closeSync(this.#fd);
      this.#fd = null;
    }
  }
}
