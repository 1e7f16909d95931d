import { afterEach, expect, test, vi } from 'vitest';
import { startClock } from '../../src/evidence/clock.ts';

afterEach(() => void vi.restoreAllMocks());

const wallClock = Date.now.bind(Date);

/** A host that takes the processor away for so long before and after the wall clock's next `times` readings; milliseconds. */
function interrupted(times: number, forMs: number): void {
  let left = times;
  vi.spyOn(Date, 'now').mockImplementation(() => {
    if (left <= 0) return wallClock();
    left -= 1;
    wait(forMs);
    const read = wallClock();
    wait(forMs);
    return read;
  });
}

function wait(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

function apart(clock: ReturnType<typeof startClock>): number {
  const { at, t_ms } = clock.now();
  return Math.abs(Date.parse(at) - clock.startedAt - t_ms);
}

test('P8: a processor that is taken away between the two clocks does not set them apart', () => {
  interrupted(3, 200);
  const clock = startClock();
  expect(apart(clock)).toBeLessThan(100);
  interrupted(3, 200);
  expect(apart(clock)).toBeLessThan(100);
});

test('P8: where it is taken away every time, the clock says what it read and goes on', () => {
  interrupted(Number.POSITIVE_INFINITY, 6);
  expect(apart(startClock())).toBeLessThan(100);
});
