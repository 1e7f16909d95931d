/**
 * The host's own witness: watches both folders of a cage through inotify and writes down what it sees. It is the
 * weakest of the three (events merge, overflow or come too late to look), so what it saw must be explained, but
 * what it did not see proves nothing; where the kernel's queue may have overflowed, it says so. It only looks: it never
 * writes into a watched folder. The library knows names as UTF-8 only: what has another name is not seen at all, which
 * `reconcile` reports as `not_watchable`.
 */
import { lstat } from 'node:fs/promises';
import type { FSWatcher } from 'chokidar';
import { ProofboxError } from '../errors.ts';
import { type Barrier, openBarrier } from './barrier.ts';
import { FolderWatcher } from './folder-watcher.ts';
import { countEvent, OverflowGauge } from './overflow.ts';
import { Sightings } from './sightings.ts';
import { MAX_DEPTH, WatchLog, type WatchLogOptions } from './watch-log.ts';

export type WatcherOptions = WatchLogOptions;

export interface Watcher {
  /**
   * Waits until everything that happened before the call has been seen, and ends the watch. Never throws: where
   * the end could not be written, the file has no `drained` line and the proof fails.
   */
  drain(): Promise<{ records: number; errors: number }>;
}

const READY_LIMIT_MS = 60_000;

/** The library looks at a path as soon as it hears of it, with no timer between: this is for the looking alone. */
const QUIET_MS = 60;

/** A new folder costs the library some ten looks, one after the other. */
const LOOKS = 200;

/** An engine that is gone causes no more events; whoever else does must not keep us here. */
const DRAIN_LIMIT_MS = 10_000;
/** More time for what there is to look at again: a large folder is listed once more after its last event. */
const DRAIN_MS_EACH = 0.25;

/**
 * Starts watching; resolved once every folder that stands there now is watched.
 * @throws ProofboxError `host` where the spool file cannot be made or the watch cannot be set up
 */
export async function startWatcher(options: WatcherOptions): Promise<Watcher> {
  const log = new WatchLog(options);
  const watcher = new FolderWatcher({
    followSymlinks: false,
    ignoreInitial: true,
    atomic: false,
    awaitWriteFinish: false,
    usePolling: false,
    // An engine may close its own folders to itself, and so to a harness that is not root.
    ignorePermissionErrors: true,
    depth: MAX_DEPTH,
  });
  const sightings = new Sightings(log, (folder) => watcher.relist(folder));
  let gauge: OverflowGauge | null = null;
  const count = () => {
    countEvent();
    gauge?.check();
  };
  watcher.on('addDir', (path) => sightings.folderAdded(path));
  watcher.on('unlinkDir', (path) => sightings.folderRemoved(path));
  watcher.on('raw', (event, name, details) => {
    count();
    sightings.happened(event, name, (details as { watchedPath: string }).watchedPath);
  });
  watcher.on('error', (error) => log.failed(error));
  watcher.add([options.workspace, options.artifacts]);
  try {
    await isReady(watcher);
    const barrier = openBarrier(options.spoolFile, (mark) => {
      count();
      gauge?.arrived(mark);
    });
    const own = new OverflowGauge(() => barrier.mark());
    gauge = own;
    await barrier.pass(DRAIN_LIMIT_MS);
    sightings.start(Object.keys(watcher.getWatched()));
    log.ready();
    return { drain: () => drain(watcher, { barrier, log, gauge: own, sightings }) };
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
  { barrier, log, gauge, sightings }: Parts,
): Promise<{ records: number; errors: number }> {
  try {
    const limit = DRAIN_LIMIT_MS + log.activity * DRAIN_MS_EACH;
    const end = performance.now() + limit;
    for (let seen = -1; seen !== log.activity || sightings.awaitsFolder; ) {
      sightings.settle();
      seen = log.activity;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`the watched folders were not quiet for ${Math.round(limit)} ms`);
      await barrier.pass(left);
      await quietPeriod();
    }
  } catch (error) {
    log.failed(error);
  }
  if (gauge.isLossy)
    log.failed(new Error('more happened at once than the kernel holds events for: some may be lost'));
  barrier.close();
  await watcher.close().catch((error: unknown) => log.failed(error));
  log.drained();
  return log.close();
}

interface Parts {
  barrier: Barrier;
  log: WatchLog;
  gauge: OverflowGauge;
  sightings: Sightings;
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
