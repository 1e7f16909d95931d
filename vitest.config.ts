import { defineConfig } from 'vitest/config';

/**
 * Tests beside which nothing else can be relied on: fifty runs at once, a fleet of hosts with container engines of their
 * own, negative controls whose engines fork without a limit as the user that every cage has, and an engine that makes every call
 * there is, all of which a witness beside it would have to count.
 */
const ALONE = [
  'tests/integration/load.test.ts',
  'tests/stage1/stage1.test.ts',
  'tests/fleet/hosts.test.ts',
  'tests/hostile/kernel.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: ['tests/programs.ts', 'tests/tracing.ts', 'tests/clean-up.ts'],
    // Real containers on two cores: generous, because a test must never fail for being slow.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['tests/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
