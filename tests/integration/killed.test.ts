/** A harness that is killed with SIGKILL, at every step: what it leaves is sealed as interrupted and never passes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { readPublicKey } from '../../src/attest/keys.ts';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { isGone, scrapName, scrapOwner, thisOwner } from '../../src/lane/owner.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import type { WriteRecord } from '../../src/schema/recorder.ts';
import type { Report } from '../../src/schema/report.ts';
import { type Verification, verifyBundle } from '../../src/verify/bundle.ts';
import { secondOpinion } from './both-verifiers.ts';
import { proofbox, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());
const key = join(space.dir, 'key');
await proofbox(['keygen', '--out', key]);

interface Killed {
  cwd: string;
  /** the run directory, where there is one */
  directory: string | null;
}

/** Starts a run in a folder of its own and kills it when `isTime` says so. */
async function killed(
  isTime: (stderr: string, cwd: string) => boolean,
  args = ['py-interval'],
): Promise<Killed> {
  const cwd = mkdtempSync(join(space.dir, 'killed-'));
  const child = spawn('node', [join(PACKAGE_ROOT, 'dist/cli/main.js'), 'run', ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (part) => {
    stderr += part;
  });
  const over = once(child, 'exit');
  const end = Date.now() + 60_000;
  while (child.exitCode === null && Date.now() < end && !isTime(stderr, cwd)) await sleep(5);
  child.kill('SIGKILL');
  await over;
  // The recorder ends its engine when its harness is gone.
  await sleep(300);
  return { cwd, directory: runIn(cwd) };
}

function runIn(cwd: string): string | null {
  const runs = existsSync(join(cwd, 'runs')) ? readdirSync(join(cwd, 'runs')) : [];
  const name = runs.find((one) => /^\d{8}T/.test(one));
  return name === undefined ? null : join(cwd, 'runs', name);
}

async function verified(
  directory: string,
  publicKey: string | null = `${key}.pub`,
): Promise<{ first: Verification; second: boolean }> {
  const first = await verifyBundle(directory, {
    fixture: async (id) => ({ workspace: join(FIXTURES_DIR, id, 'workspace') }),
    key: publicKey === null ? null : await readPublicKey(publicKey),
  });
  const opinion = await secondOpinion(directory, publicKey === null ? [] : ['--key', publicKey]);
  return { first, second: opinion.holds };
}

const reportOf = (directory: string) =>
  JSON.parse(readFileSync(join(directory, 'artifacts/report.json'), 'utf8')) as Report;

/** What must hold after `gc`, whenever the harness was killed. */
async function expectSealed({ cwd, directory }: Killed): Promise<Report | null> {
  const wasDone = directory !== null && !existsSync(join(directory, '.spool'));
  const { exitCode, stdout, stderr } = await proofbox(['gc', '--json', '--sign', key], { cwd });
  expect(exitCode, stderr).toBe(0);
  const { runs } = JSON.parse(stdout) as { runs: { outcome: string; directory: string }[] };
  const left = runIn(cwd);
  if (left !== null) expect(readdirSync(left).filter((name) => name.startsWith('.scrap'))).toEqual([]);
  // Between the making of its folder and of what is in it, there is nothing that could be sealed.
  if (left === null || readdirSync(left).length === 0) return null;
  if (wasDone) {
    expect(reportOf(left).run_id).toBe(basename(left));
    const { first, second } = await verified(left, null);
    expect([first.holds, second]).toEqual([true, true]);
    return null;
  }
  expect(runs).toMatchObject([{ directory: left, outcome: 'sealed' }]);
  const { first, second } = await verified(left);
  expect(first.checks.filter(({ status }) => status === 'failed')).toEqual([]);
  expect(second).toBe(true);
  const report = reportOf(left);
  expect(report.status).toBe('interrupted');
  expect(report.blockers.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['interrupted', 'evidence_incomplete']),
  );
  expect(report.proofs.filter(({ status }) => status === 'passed').map(({ id }) => id)).not.toContain(
    'allowed_writes',
  );
  expect(existsSync(join(left, '.spool'))).toBe(false);
  const ledger = await proofbox(['ledger', 'verify', '--json'], { cwd });
  expect(ledger.exitCode, ledger.stdout).toBe(0);
  const again = await proofbox(['gc', '--json'], { cwd });
  expect(JSON.parse(again.stdout)).toMatchObject({ runs: [] });
  return report;
}

const WRITES = [
  'py-interval',
  '--engine',
  'command',
  '--',
  'python3',
  '-c',
  `
import os
n = 0
while True:
    n += 1
    open(f"/artifacts/backend/tmp/{n % 50}", "w").write("x" * 100)
    if n == 200: open("/workspace/begun", "w").close()
`,
];

describe('P8: a harness killed with SIGKILL leaves evidence that says interrupted', () => {
  test('while its engine writes: everything that had reached the harness is there', async () => {
    // What was on its way from the recorder when the harness ended has reached nobody.
    const run = await killed((_, cwd) => {
      const spool = join(runIn(cwd) ?? '/nowhere', '.spool/engine.writes.jsonl');
      const isUnderWay = existsSync(join(runIn(cwd) ?? '/nowhere', 'workspace/begun'));
      return isUnderWay && existsSync(spool) && readFileSync(spool, 'utf8').split('\n').length > 150;
    }, WRITES);
    const report = await expectSealed(run);
    expect(report?.writes.artifacts.allowed).toBeGreaterThan(100);
    expect(report?.changed_files.map(({ path }) => path)).toEqual(['begun']);
    const lines = readFileSync(join(run.directory ?? '', 'artifacts/writes.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as WriteRecord).seq)).toEqual(
      lines.map((_, index) => index + 1),
    );
  });

  test('an engine that planted a verdict before its harness was killed is still found out', async () => {
    const plants = `open("/artifacts/report.json", "w").write('{"status":"passed"}')\n`;
    const script = `${plants}${WRITES.at(-1)}`;
    const run = await killed(
      (_, cwd) => existsSync(join(runIn(cwd) ?? '/nowhere', 'workspace/begun')),
      [...WRITES.slice(0, -1), script],
    );
    const report = await expectSealed(run);
    expect(report?.blockers.map(({ code }) => code)).toContain('forged_artifact');
  });

  test.each(['Copy the fixture', 'Run the engine', 'Read what it left', 'Run the tests after'])(
    'right after the step "%s"',
    async (step) => {
      const run = await killed((stderr) => stderr.includes(step));
      expect(run.directory).not.toBeNull();
      expect(await expectSealed(run)).not.toBeNull();
    },
  );

  test('while the documents are written, at twenty moments', async () => {
    const outcomes = new Set<string>();
    for (let moment = 0; moment < 20; moment += 1) {
      let since = 0;
      const run = await killed((stderr) => {
        if (!stderr.includes('Run the tests after')) return false;
        since ||= performance.now();
        return performance.now() - since >= moment * 12;
      });
      outcomes.add((await expectSealed(run)) === null ? 'done' : 'sealed');
    }
    expect(outcomes).toContain('sealed');
  }, 300_000);

  test('in its first moments nothing is left, or what is left is sealed', async () => {
    for (const ms of [50, 150, 250, 300, 350, 400, 450, 500, 600]) {
      const began = performance.now();
      await expectSealed(await killed(() => performance.now() - began > ms));
    }
  }, 300_000);

  test('with the fake lane beside it, when the gates are open', async () => {
    const { checkout, OPEN_GATES, stage1Done } = await import('../case/stand-in.ts');
    const [project, source] = await Promise.all([stage1Done(space.dir), checkout(space.dir)]);
    const out = join(space.dir, 'killed-case');
    const child = spawn(
      'node',
      [
        join(PACKAGE_ROOT, 'dist/cli/main.js'),
        ...[
          'run',
          'py-interval',
          '--engine',
          'case',
          '--case-source',
          source,
          '--provider',
          'scripted',
          '--out',
          out,
        ],
      ],
      { cwd: project, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...OPEN_GATES } },
    );
    let stderr = '';
    child.stderr.on('data', (part) => {
      stderr += part;
    });
    const over = once(child, 'exit');
    while (child.exitCode === null && !stderr.includes('Copy the fixture')) await sleep(5);
    child.kill('SIGKILL');
    await over;
    await sleep(300);
    const { exitCode } = await proofbox(['gc', '--sign', key, out], { cwd: project });
    expect(exitCode).toBe(0);
    const report = reportOf(out);
    expect(report).toMatchObject({ status: 'interrupted', backend: 'case', baseline: { status: 'passed' } });
    const { checks } = await verifyBundle(out, {
      fixture: async (id) => ({ workspace: join(FIXTURES_DIR, id, 'workspace') }),
      key: null,
    });
    // The fake lane ended by itself and unsigned: only the run was sealed with the key.
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
  }, 300_000);

  test('a run that goes on is left alone', async () => {
    const cwd = mkdtempSync(join(space.dir, 'alive-'));
    const child = spawn('node', [join(PACKAGE_ROOT, 'dist/cli/main.js'), 'run', ...WRITES], {
      cwd,
      stdio: 'ignore',
    });
    const over = once(child, 'exit');
    const end = Date.now() + 30_000;
    while (Date.now() < end && !existsSync(join(runIn(cwd) ?? '/nowhere', 'workspace/begun')))
      await sleep(20);
    const { stdout } = await proofbox(['gc', '--json'], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ runs: [] });
    child.kill('SIGTERM');
    await over;
    expect(reportOf(runIn(cwd) ?? '').status).toBe('interrupted');
  });

  test('working files that a killed harness had begun to remove go, and its bundle stays', async () => {
    const cwd = mkdtempSync(join(space.dir, 'scrap-'));
    await proofbox(['run', 'py-interval'], { cwd });
    const directory = runIn(cwd) ?? '';
    const scrap = join(directory, scrapName({ ...thisOwner(), start: '1' }));
    const inUse = join(directory, scrapName(thisOwner()));
    for (const folder of [scrap, inUse]) {
      mkdirSync(join(folder, 'pristine'), { recursive: true });
      writeFileSync(join(folder, 'pristine/file'), '');
    }
    const { stdout } = await proofbox(['gc', '--json'], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ runs: [{ directory, outcome: 'done' }] });
    expect([existsSync(scrap), existsSync(inUse)]).toEqual([false, true]);
    rmSync(inUse, { recursive: true });
    expect((await verified(directory, null)).first.holds).toBe(true);
  });

  test('a harness is gone where its number is free or the machine was started again, and nowhere else', () => {
    const own = thisOwner();
    expect(scrapOwner(scrapName(own))).toEqual(own);
    expect(isGone(own)).toBe(false);
    expect(isGone({ ...own, start: `${own.start}1` })).toBe(true);
    expect(isGone({ ...own, pid: 2 ** 22 + 1 })).toBe(true);
    expect(isGone({ ...own, boot: '0'.repeat(32) })).toBe(true);
    expect(isGone({ ...own, namespace: '1', start: '1' })).toBe(false);
    expect(isGone({ ...own, machine: '0'.repeat(16), boot: '0'.repeat(32) })).toBe(false);
    expect(isGone({ ...own, boot: 'unknown', start: '1' })).toBe(false);
  });

  test('a state that somebody wrote by hand is not believed', async () => {
    const cwd = mkdtempSync(join(space.dir, 'forged-'));
    const run = await killed((stderr) => stderr.includes('Copy the fixture'));
    writeFileSync(join(run.directory ?? '', '.spool/state.json'), '{"schema":"proofbox.state/v1"}');
    const { exitCode, stdout } = await proofbox(['gc', '--json'], { cwd });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ runs: [] });
    const own = await proofbox(['gc', '--json'], { cwd: run.cwd });
    expect(JSON.parse(own.stdout)).toMatchObject({ runs: [{ outcome: 'kept', directory: run.directory }] });
    expect(existsSync(join(run.directory ?? '', 'artifacts'))).toBe(true);
  });

  test('no container of any of them is left', async () => {
    const left = await new Docker().listContainers({ all: true, filters: { label: ['io.proofbox.run'] } });
    const dead = left.filter(({ Labels }) => !existsSync(`/proc/${Labels['io.proofbox.owner-pid']}`));
    expect(dead).toEqual([]);
  });
});
