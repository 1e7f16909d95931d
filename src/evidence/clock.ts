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
  const startedAt = Date.now();
  const base = performance.now();
  return {
    startedAt,
    now: () => ({ at: new Date().toISOString(), t_ms: Math.round((performance.now() - base) * 1000) / 1000 }),
  };
}
