/**
 * Tells whether the kernel may have dropped file system events of this process: its queue is bounded, and the runtime
 * does not pass on the event that says it was full. Never says that nothing was lost where something was.
 *
 * A mark is an event of our own. No more than one is under way, so that when mark k is made, everything before mark
 * k - 1 has been read: until mark k + 1 is made, the queue holds no more than what came between the marks k - 1 and k,
 * and k and k + 1. A full queue shows as more events between them than it can hold, or as a mark that never came.
 */
import { readFileSync } from 'node:fs';

/** What the kernel allows where it does not say: its default. */
const USUAL_QUEUE = 16_384;
/** A margin for events that the runtime keeps to itself: those of watches it has just ended. */
const SHARE = 0.75;
/** A mark for every so many parts of the queue. */
const MARKS = 8;

/** All watches of a process share one queue. */
let delivered = 0;

/** Every event that any watcher of this process is told of must be counted here. */
export function countEvent(): void {
  delivered += 1;
}

export class OverflowGauge {
  /** the queue may have been full: what was seen since is not everything */
  isLossy = false;
  readonly #limit: number;
  readonly #interval: number;
  readonly #makeMark: () => number;
  #underWay: number | null = null;
  #sinceMark = delivered;
  #between = 0;

  /**
   * @param makeMark makes an event and gives its number, which grows
   * @param queue how many events the kernel holds for a process
   */
  constructor(makeMark: () => number, queue = queueLength()) {
    this.#makeMark = makeMark;
    this.#limit = Math.floor(queue * SHARE);
    this.#interval = Math.floor(queue / MARKS);
  }

  /** To be called with every event. */
  check(): void {
    const since = delivered - this.#sinceMark;
    if (since + this.#between >= this.#limit) this.isLossy = true;
    if (this.#underWay === null && since >= this.#interval) this.#underWay = this.#makeMark();
  }

  /** A mark, or any later event of its kind, has come. */
  arrived(mark: number): void {
    if (this.#underWay === null || mark < this.#underWay) return;
    if (mark > this.#underWay) this.isLossy = true;
    this.check();
    this.#underWay = null;
    this.#between = delivered - this.#sinceMark;
    this.#sinceMark = delivered;
  }
}

function queueLength(): number {
  try {
    const said = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
    return said > 0 ? said : USUAL_QUEUE;
  } catch {
    return USUAL_QUEUE;
  }
}
