import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { engineByName } from '../../src/engines/index.ts';
import type { CageDocument } from '../../src/schema/cage.ts';
import type { Gates, Stage1Reference } from '../../src/schema/gates.ts';
import type { Report } from '../../src/schema/report.ts';
import { requireBothHold } from './both-verifiers.ts';
import { lane } from './lane-runner.ts';
import { proofbox, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());

let next = 0;
interface Blocked {
  exitCode: number | undefined;
  stderr: string;
  report: Report;
  out: string;
  containers: number;
}

/** `proofbox run --engine case` with these variables; counts the containers that were made meanwhile. */
async function runCase(env: Record<string, string>, cwd = space.dir): Promise<Blocked> {
  next += 1;
  const out = join(space.dir, `case-${next}`);
  const started = Math.floor(Date.now() / 1000);
  const { exitCode, stderr } = await proofbox(['run', 'py-interval', '--engine', 'case', '--out', out], {
    env,
    cwd,
  });
  const report = JSON.parse(readFileSync(join(out, 'artifacts/report.json'), 'utf8')) as Report;
  const events = (await new Docker().getEvents({
    since: started,
    until: Math.ceil(Date.now() / 1000),
    filters: { type: ['container'], event: ['create'], label: [`io.proofbox.run=${report.run_id}`] },
  })) as NodeJS.ReadableStream;
  let containers = 0;
  for await (const chunk of events)
    containers += String(chunk)
      .split('\n')
      .filter((line) => line !== '').length;
  return { exitCode, stderr, report, out, containers };
}

const codes = (report: Report) => report.blockers.map(({ code }) => code);

describe('R1 R2 R3 R4 P3: the engine case behind its gates', () => {
  const ALLOW = 'CTO_HARNESS_ALLOW_CASE';
  const STAGE = 'CTO_HARNESS_CASE_STAGE';
  test.each<[string, Record<string, string>, string[]]>([
    ['no gate open', {}, ['case_disabled', 'stage_gate_missing', 'stage1_missing']],
    ['only the stage', { [STAGE]: '2' }, ['case_disabled', 'stage1_missing']],
    ['only the permission', { [ALLOW]: '1' }, ['stage_gate_missing', 'stage1_missing']],
    ['both, without a stage 1', { [ALLOW]: '1', [STAGE]: '2' }, ['stage1_missing']],
    ['true for 1', { [ALLOW]: 'true', [STAGE]: '2' }, ['case_disabled', 'stage1_missing']],
    ['a blank before 1', { [ALLOW]: ' 1', [STAGE]: '2' }, ['case_disabled', 'stage1_missing']],
    ['2.0 for 2', { [ALLOW]: '1', [STAGE]: '2.0' }, ['stage_gate_missing', 'stage1_missing']],
    ['3 for 2', { [ALLOW]: '1', [STAGE]: '3' }, ['stage_gate_missing', 'stage1_missing']],
    ['empty values', { [ALLOW]: '', [STAGE]: '' }, ['case_disabled', 'stage_gate_missing', 'stage1_missing']],
  ])('%s: blocked, exit 3, a whole bundle, no container', async (_, env, expected) => {
    const { exitCode, stderr, report, out, containers } = await runCase(env);
    expect(exitCode).toBe(3);
    expect(report).toMatchObject({
      status: 'blocked',
      backend: 'case',
      stage: 'stage2',
      source_admission_status: 'not_admitted',
      case_process_started: false,
      allowed_writes_passed: false,
      host_problem: null,
      gates: { [ALLOW]: env[ALLOW] ?? null, [STAGE]: env[STAGE] ?? null },
    });
    expect(codes(report)).toEqual(expected);
    for (const code of expected) expect(stderr).toContain(code);
    expect(report.proofs.filter(({ status }) => status === 'passed').map(({ id }) => id)).toEqual([
      'artifacts',
    ]);
    expect(containers).toBe(0);
    const cage = JSON.parse(readFileSync(join(out, 'artifacts/cage.json'), 'utf8')) as CageDocument;
    expect(cage).toMatchObject({ engine: null, verification: { before: null, after: null } });
    await requireBothHold(out, 'py-interval');
  });

  test('no configuration file opens a gate', async () => {
    writeFileSync(join(space.dir, 'proofbox.config.json'), JSON.stringify({ gates: { [ALLOW]: '1' } }));
    const { exitCode, stderr } = await proofbox(['run', 'py-interval', '--engine', 'case'], {
      cwd: space.dir,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/gates/);
    writeFileSync(join(space.dir, 'proofbox.config.json'), '{}');
  });
});

describe('P2: the stage 1 that a run rests on', () => {
  const open: Gates = { CTO_HARNESS_ALLOW_CASE: '1', CTO_HARNESS_CASE_STAGE: '2' };
  const hour = 3_600_000;
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const fresh: Stage1Reference = {
    digest: `sha256:${'0'.repeat(64)}`,
    passed: true,
    finished_at: at(-hour),
    expires_at: at(hour),
    is_this_host: true,
  };
  test.each<[string, Partial<Stage1Reference>, RegExp]>([
    ['failed', { passed: false }, /failed/],
    ['was run on another host', { is_this_host: false }, /another host/],
    ['expired', { expires_at: at(-1000) }, /expired/],
    ['ends in the future', { finished_at: at(hour / 2) }, /after this run began/],
  ])('one that %s opens nothing', async (_, changes, message) => {
    const { report } = await lane(space.dir, 'py-interval', {
      engine: engineByName('case'),
      gates: open,
      stage1: { ...fresh, ...changes },
    });
    expect(report.status).toBe('blocked');
    expect(codes(report)).toEqual(['stage1_missing']);
    expect(report.blockers[0]?.message).toMatch(message);
  });

  test('the control: with a fresh one no gate is closed, and the engine is started', async () => {
    const { report } = await lane(space.dir, 'py-interval', {
      engine: engineByName('case'),
      gates: open,
      stage1: fresh,
    });
    // The sandbox image holds no Case: it fails, but it was let in.
    expect(report.status).toBe('failed');
    expect(report.case_process_started).toBe(true);
    expect(codes(report)).toContain('engine_failed');
  });
});
