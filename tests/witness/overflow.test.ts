/** The gauge of the event queue: says that something may be lost wherever the queue may have been full. */
import { beforeEach, describe, expect, it } from 'vitest';
import { countEvent, OverflowGauge } from '../../src/witness/overflow.ts';

const QUEUE = 800;

/** A kernel's queue that drops what it has no room for, and a reader that takes one event at a time. */
class Queue {
  readonly #held: (number | null)[] = [];
  #marks = 0;
  dropped = 0;
  readonly gauge = new OverflowGauge(() => {
    this.#marks += 1;
    this.put(this.#marks);
    return this.#marks;
  }, QUEUE);

  put(mark: number | null = null): void {
    if (this.#held.length < QUEUE) this.#held.push(mark);
    else this.dropped += 1;
  }

  read(most = Number.POSITIVE_INFINITY, rest = 0): void {
    for (let n = 0; n < most && this.#held.length > rest; n += 1) {
      const mark = this.#held.shift() ?? null;
      countEvent();
      this.gauge.check();
      if (mark !== null) this.gauge.arrived(mark);
    }
  }
}

describe('the gauge', () => {
  let queue: Queue;
  beforeEach(() => {
    queue = new Queue();
  });

  it('is silent while a reader keeps up, however much there is', () => {
    for (let n = 0; n < 100_000; n += 1) {
      queue.put();
      if (n % 50 === 49) queue.read();
    }
    expect(queue.dropped).toBe(0);
    expect(queue.gauge.isLossy).toBe(false);
  });

  it('is silent while the queue is never more than an eighth full', () => {
    for (let n = 0; n < QUEUE / 8; n += 1) queue.put();
    for (let n = 0; n < 50_000; n += 1) {
      queue.put();
      queue.read(Number.POSITIVE_INFINITY, QUEUE / 8);
    }
    expect(queue.gauge.isLossy).toBe(false);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('says so of every queue that was full (seed %i)', (seed) => {
    let state = seed * 7919;
    const random = (limit: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state % limit;
    };
    for (let round = 0; round < 400 && queue.dropped === 0; round += 1) {
      for (let n = random(QUEUE / 4 + round * 5); n > 0; n -= 1) queue.put();
      queue.read(random(QUEUE / 2));
    }
    for (let n = 0; n < 10 && queue.dropped === 0; n += 1) for (let m = 0; m < QUEUE; m += 1) queue.put();
    queue.read();
    expect(queue.dropped).toBeGreaterThan(0);
    expect(queue.gauge.isLossy).toBe(true);
  });
});
