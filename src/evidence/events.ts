/** Collects the run's normalized events in one order. Never alters one that was added. */
import type { NormalizedEvent } from '../schema/event.ts';
import type { Clock } from './clock.ts';

export interface EventLog {
  add(source: NormalizedEvent['source'], type: string, data?: Record<string, unknown>): void;
  readonly events: readonly NormalizedEvent[];
}

/** An empty log; every event gets the next number, both clocks and the run's nonce. */
export function eventLog(clock: Clock, nonce: string): EventLog {
  const events: NormalizedEvent[] = [];
  return {
    events,
    add(source, type, data = {}) {
      events.push({ seq: events.length + 1, ...clock.now(), nonce, source, type, data });
    },
  };
}
