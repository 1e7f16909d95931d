/** How the tests run: real Docker included, two files at a time, nothing skipped because a part is missing. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Limits against a hang, not measurements: a cold cage on a busy two-core machine takes seconds.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: false,
    allowOnly: false,
  },
});
