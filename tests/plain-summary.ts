/** Ends the output with one plain line: `N passed, N failed`. A file that could not be loaded counts as failed. */
import type { Reporter, TestModule } from 'vitest/node';

export default class PlainSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped += 1;
      }
    }
    const rest = skipped > 0 ? `, ${skipped} skipped` : '';
    // After the default reporter, which prints its own summary in the same phase.
    process.on('exit', () => process.stdout.write(`\n${passed} passed, ${failed} failed${rest}\n`));
  }
}
