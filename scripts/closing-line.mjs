/** Prints `N passed, N failed` from vitest's JSON. A run that ended badly never prints `0 failed`. */
import { readFileSync } from 'node:fs';

const [file = '', status = '1'] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;
try {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  passed = report.numPassedTests;
  skipped = report.numPendingTests + report.numTodoTests;
  // A file that could not be loaded has no test to count.
  const broken = report.testResults.filter(
    (one) => one.status === 'failed' && one.assertionResults.length === 0,
  );
  failed = report.numFailedTests + broken.length;
} catch {
  failed = 1;
}
if (failed === 0 && status !== '0') failed = 1;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
