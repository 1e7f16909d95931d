import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';

const script = join(PACKAGE_ROOT, 'scripts/closing-line.mjs');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'proofbox-closing-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The last line of `npm test` for a report of vitest and an exit code. */
function closingLine(report: object | null, exitCode: number): string {
  const file = join(folder, 'vitest.json');
  if (report !== null) writeFileSync(file, JSON.stringify(report));
  return execFileSync(process.execPath, [script, file, String(exitCode)], { encoding: 'utf8' });
}

const counts = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

describe('the last line of npm test', () => {
  test('counts what passed and failed', () => {
    expect(closingLine(counts, 0)).toBe('3 passed, 0 failed\n');
    expect(closingLine({ ...counts, numFailedTests: 2 }, 1)).toBe('3 passed, 2 failed\n');
  });

  test('names what was skipped', () => {
    expect(closingLine({ ...counts, numPendingTests: 1, numTodoTests: 1 }, 0)).toBe(
      '3 passed, 0 failed, 2 skipped\n',
    );
  });

  test('a file that could not be loaded is a failure', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }];
    expect(closingLine({ ...counts, testResults }, 1)).toBe('3 passed, 1 failed\n');
  });

  test('a run that ended badly never reads as free of failures', () => {
    expect(closingLine(null, 4)).toBe('0 passed, 1 failed\n');
    expect(closingLine(counts, 1)).toBe('3 passed, 1 failed\n');
  });
});
