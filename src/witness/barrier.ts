/**
 * Tells when every file system event from before has been read. Works in a folder of its own beside the spool
 * file, never in a watched one.
 */
import { type FSWatcher, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Barrier {
  /** Resolves once an event that is made now has come through. @throws after `limitMs` */
  pass(limitMs: number): Promise<void>;
  /** Makes an event without waiting for it. Returns its number, which grows. */
  mark(): number;
  close(): void;
}

/** A full queue drops events, ours too: it is made again until it comes. */
const AGAIN_MS = 200;

/**
 * All watches of a process share one queue, so a watch of ours is behind everything that happened before.
 * @param onMark told of every event of ours that comes through, by its number
 */
export function openBarrier(beside: string, onMark: (mark: number) => void = () => undefined): Barrier {
  const folder = mkdtempSync(`${beside}.barrier-`);
  let passed: ((mark: number) => void) | null = null;
  let last = 0;
  const watcher: FSWatcher = watch(folder, (_event, name) => {
    const mark = Number(name);
    if (!(mark > 0)) return;
    onMark(mark);
    passed?.(mark);
  });
  watcher.on('error', () => undefined);
  return {
    async pass(limitMs) {
      const end = performance.now() + limitMs;
      const first = last + 1;
      while (!(await touch(first))) {
        if (performance.now() > end)
          throw new Error('the events of the file system could not be read to their end');
      }
    },
    mark,
    close() {
      watcher.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };

  function mark(): number {
    last += 1;
    writeFileSync(join(folder, String(last)), '');
    return last;
  }

  /** True once the event of this round, or of an earlier one since `first`, has come. */
  function touch(first: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), AGAIN_MS);
      passed = (arrived) => {
        if (arrived < first) return;
        clearTimeout(timer);
        resolve(true);
      };
      mark();
    });
  }
}
