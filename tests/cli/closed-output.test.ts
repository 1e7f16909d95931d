/** Whoever reads what the program says may leave, and the disk he sends it to may be full: the run is none the worse. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { proofbox, scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());

/** Runs the command line, and closes one stream's other end: at once, or when it has said its first word. */
async function left(
  args: string[],
  stream: 'stdout' | 'stderr',
  when: 'at once' | 'at its first word',
): Promise<{ exitCode: number | null; heard: string; other: string }> {
  const child = spawn('node', [join(PACKAGE_ROOT, 'dist/cli/main.js'), ...args], {
    cwd: PACKAGE_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [closed, open] = stream === 'stdout' ? [child.stdout, child.stderr] : [child.stderr, child.stdout];
  let heard = '';
  let other = '';
  open.on('data', (bytes) => {
    other += bytes;
  });
  if (when === 'at once') closed.destroy();
  else
    closed.on('data', (bytes) => {
      heard += bytes;
      closed.destroy();
    });
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, heard, other };
}

async function isWhole(directory: string): Promise<boolean> {
  return (await proofbox(['verify', directory])).exitCode === 0;
}

test('a run whose report nobody reads ends with its verdict', async () => {
  const out = join(space.dir, 'unread');
  const { exitCode, other } = await left(['run', 'py-interval', '--json', '--out', out], 'stdout', 'at once');
  expect(other).not.toMatch(/EPIPE|at .*:\d+/);
  expect(exitCode).toBe(0);
  expect(await isWhole(out)).toBe(true);
});

test('a run whose reader leaves in the middle goes on to its end', async () => {
  const out = join(space.dir, 'left');
  const { exitCode, heard } = await left(['run', 'py-interval', '--out', out], 'stderr', 'at its first word');
  // It was in the middle: nothing of the verdict had been said.
  expect(heard).not.toMatch(/PASSED/);
  expect(exitCode).toBe(0);
  expect(await isWhole(out)).toBe(true);
});

test('a run that fails says so by its exit code, whoever listens', async () => {
  const out = join(space.dir, 'failed');
  const { exitCode } = await left(['run', 'fail-no-diff', '--json', '--out', out], 'stdout', 'at once');
  expect(exitCode).toBe(1);
});

test('the help is no error where only its first lines are read', async () => {
  const { exitCode, other } = await left(['--help'], 'stdout', 'at once');
  expect({ exitCode, other }).toEqual({ exitCode: 0, other: '' });
});

test('a report that does not fit is no success: one sentence, and the exit code of the host', async () => {
  const out = join(space.dir, 'full');
  const full = openSync('/dev/full', 'w');
  const child = spawn(
    'node',
    [join(PACKAGE_ROOT, 'dist/cli/main.js'), 'run', 'py-interval', '--json', '--out', out],
    { cwd: PACKAGE_ROOT, stdio: ['ignore', full, 'pipe'] },
  );
  closeSync(full);
  let said = '';
  child.stderr?.on('data', (bytes) => {
    said += bytes;
  });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(4);
  expect(said.split('\n').filter((line) => line.startsWith('error:'))).toEqual([
    'error: standard output cannot be written (ENOSPC); free some space or send it elsewhere',
  ]);
  expect(said).not.toMatch(/ at .*:\d+/);
  expect(await isWhole(out)).toBe(true);
});
