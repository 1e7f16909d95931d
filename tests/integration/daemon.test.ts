/** The container engine dies in the middle of a run, and comes back. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandboxImage } from '../../src/docker/images.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import type { Report } from '../../src/schema/report.ts';
import { requireBothHold } from './both-verifiers.ts';
import { proofbox, scratch } from './product.ts';
import { SecondDaemon } from './second-daemon.ts';

const space = await scratch();
const daemon = new SecondDaemon();
const env = { DOCKER_HOST: `unix://${daemon.socket}` };

beforeAll(async () => {
  await daemon.start();
  await daemon.load((await sandboxImage(new Docker())).reference);
});
afterAll(async () => {
  await daemon.remove();
  await space.remove();
});

const BUSY = `
import os, time
n = 0
while True:
    n += 1
    with open('/artifacts/backend/n', 'w') as f: f.write(str(n))
    if n == 300: open('/workspace/begun', 'w').close()
    time.sleep(0.001)
`;

async function killedUnder(back: number | null) {
  const cwd = mkdtempSync(join(space.dir, 'run-'));
  const args = ['run', 'py-interval', '--timeout', '60s', '--engine', 'command', '--', 'python3', '-c', BUSY];
  const child = spawn('node', [join(PACKAGE_ROOT, 'dist/cli/main.js'), ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  const over = once(child, 'exit') as Promise<[number | null]>;
  const runIn = () => {
    const runs = existsSync(join(cwd, 'runs')) ? readdirSync(join(cwd, 'runs')) : [];
    const name = runs.find((one) => /^\d{8}T/.test(one));
    return name === undefined ? null : join(cwd, 'runs', name);
  };
  for (let n = 0; n < 1200 && !existsSync(join(runIn() ?? '/nowhere', 'workspace/begun')); n += 1)
    await sleep(25);
  const began = performance.now();
  await daemon.kill();
  if (back !== null) {
    await sleep(back);
    await daemon.start();
  }
  const [code] = await over;
  return { cwd, code, stderr, directory: runIn() ?? '', took: performance.now() - began };
}

describe('R11: a container engine that dies in the middle of a run', () => {
  test('the control: its own engine makes runs like any other', async () => {
    const outcome = await proofbox(['run', 'py-interval', '--json', '--out', join(space.dir, 'control')], {
      env,
    });
    expect(outcome.exitCode, outcome.stderr).toBe(0);
  });

  test.each([
    ['and comes back at once', 0],
    ['and comes back after five seconds', 5_000],
    ['for good', null],
  ])(
    '%s: the run ends, fails, keeps its evidence, and gc finds what was left',
    async (_, back) => {
      const run = await killedUnder(back);
      expect([1, 4], run.stderr).toContain(run.code);
      expect(run.took).toBeLessThan(50_000);
      const path = join(run.directory, 'artifacts/report.json');
      expect(existsSync(path), run.stderr).toBe(true);
      const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
      expect(report.status).toBe('failed');
      expect(report.blockers.map(({ code }) => code)).toEqual(
        expect.arrayContaining(['recorder_lost', 'evidence_incomplete']),
      );
      expect(report.writes.artifacts.allowed).toBeGreaterThan(10);
      await requireBothHold(run.directory, 'py-interval');
      if (back === null) await daemon.start();
      const cleaned = await proofbox(['gc', '--json'], { cwd: run.cwd, env });
      expect(cleaned.exitCode, cleaned.stdout).toBe(0);
      const filters = { label: ['io.proofbox.run'] };
      expect(await daemon.docker.listContainers({ all: true, filters })).toEqual([]);
    },
    200_000,
  );
});
