/** The run's two clocks: the wall for people and other documents, the monotonic one for order. */

/** A moment by both clocks. */
export interface Moment {
  /** RFC 3339, UTC, milliseconds */
  at: string;
  /** milliseconds since the clock was made, monotonic */
  t_ms: number;
}

export interface Clock {
  /** when the clock was made, milliseconds since 1970 by the wall clock */
  readonly startedAt: number;
  now(): Moment;
}

/** Starts a clock now. */
export function startClock(): Clock {
  const { wall: startedAt, monotonic: base } = bothClocks();
  return {
    startedAt,
    now() {
      const { wall, monotonic } = bothClocks();
      return { at: new Date(wall).toISOString(), t_ms: Math.round((monotonic - base) * 1000) / 1000 };
    },
  };
}

/** So close together are the two clocks read, where the host lets us, milliseconds. */
const TOGETHER_MS = 5;
const TRIES = 20;

/**
 * Both clocks at one moment. A busy host may take the processor away between the two readings for longer than the proofs
 * let the clocks differ: such a reading is made again, and the closest one is taken.
 */
function bothClocks(): { wall: number; monotonic: number } {
  let best = { wall: 0, monotonic: 0, apart: Number.POSITIVE_INFINITY };
  for (let n = 0; n < TRIES && best.apart > TOGETHER_MS; n += 1) {
    const before = performance.now();
    const wall = Date.now();
    const apart = performance.now() - before;
    if (apart < best.apart) best = { wall, monotonic: before, apart };
  }
  return best;
}
