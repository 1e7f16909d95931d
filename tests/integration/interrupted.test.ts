/** SIGINT and SIGTERM at each step: the run ends soon, says so, keeps what it has and leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import type { Report } from '../../src/schema/report.ts';
import { requireBothHold } from './both-verifiers.ts';
import { proofbox, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

/** The line that a step prints when it is over; the next one is under way then. */
const STEPS = [
  'Copy the fixture',
  'Run the tests before',
  'Run the engine',
  'Read what it left',
  'Run the tests after',
];

/** Long enough that a signal after any line finds the run alive. */
const SLOW = [
  'py-interval',
  '--engine',
  'command',
  '--',
  'sh',
  '-c',
  'sleep 1.5; sed -i "s/<= self.end/< self.end/" interval/interval.py',
];

async function interrupted(signals: NodeJS.Signals[], isTime: (stderr: string) => boolean, args = SLOW) {
  const cwd = mkdtempSync(join(space.dir, 'stop-'));
  const child = spawn('node', [join(PACKAGE_ROOT, 'dist/cli/main.js'), 'run', ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  const over = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  while (child.exitCode === null && !isTime(stderr)) await sleep(2);
  const began = performance.now();
  for (const signal of signals) child.kill(signal);
  const [code, signal] = await over;
  const name = existsSync(join(cwd, 'runs'))
    ? readdirSync(join(cwd, 'runs')).find((one) => /^\d{8}T/.test(one))
    : undefined;
  const directory = name === undefined ? null : join(cwd, 'runs', name);
  return { cwd, pid: child.pid, code, signal, stderr, directory, took: performance.now() - began };
}

async function expectSound(run: Awaited<ReturnType<typeof interrupted>>): Promise<Report> {
  expect(run.directory, run.stderr).not.toBeNull();
  const directory = run.directory ?? '';
  expect(readdirSync(directory).sort(), run.stderr).toEqual(['artifacts', 'workspace']);
  await requireBothHold(directory, 'py-interval');
  const filters = { label: [`io.proofbox.owner-pid=${run.pid}`] };
  expect(await new Docker().listContainers({ all: true, filters })).toEqual([]);
  const ledger = await proofbox(['ledger', 'verify', '--json'], { cwd: run.cwd });
  expect(ledger.exitCode, ledger.stdout).toBe(0);
  return JSON.parse(readFileSync(join(directory, 'artifacts/report.json'), 'utf8')) as Report;
}

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  test.each(STEPS)('after the step "%s"', async (step) => {
    const run = await interrupted([signal], (stderr) => stderr.includes(step));
    const report = await expectSound(run);
    // Whoever asks when the verdict is being written gets the verdict.
    if (report.status === 'interrupted') expect(run.code).toBe(130);
    else expect([step, report.status, run.code]).toEqual(['Run the tests after', 'passed', 0]);
  });

  test('while everything starts: nothing half made', async () => {
    for (const ms of [100, 200, 300, 350, 400, 450, 500, 600]) {
      const began = performance.now();
      const run = await interrupted([signal], () => performance.now() - began > ms);
      // Before our handler stands, Node.js itself ends by the signal.
      expect(run.code === 130 || run.signal === signal, `${ms} ms: ${run.code} ${run.signal}`).toBe(true);
      if (run.directory !== null) expect((await expectSound(run)).status).toBe('interrupted');
    }
  });
});

test('both, again and again, end it no differently', async () => {
  const run = await interrupted(['SIGINT', 'SIGTERM', 'SIGINT', 'SIGTERM', 'SIGINT'], (stderr) =>
    stderr.includes('Copy the fixture'),
  );
  expect((await expectSound(run)).status).toBe('interrupted');
  expect(run.code).toBe(130);
});

test('an engine that takes no signal is ended within seconds all the same', async () => {
  const deaf =
    "import signal, time\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\nopen('/workspace/begun', 'w').close()\nwhile True: time.sleep(1)";
  const run = await interrupted(['SIGINT'], (stderr) => stderr.includes('Run the tests before'), [
    'py-interval',
    '--engine',
    'command',
    '--',
    'python3',
    '-c',
    deaf,
  ]);
  expect((await expectSound(run)).status).toBe('interrupted');
  expect(run.took).toBeLessThan(30_000);
});
