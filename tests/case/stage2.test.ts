import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { ForbiddenKind } from '../../src/schema/common.ts';
import { PASS_EVENTS } from '../../src/schema/event.ts';
import type { Health } from '../../src/schema/health.ts';
import { REQUIREMENT_IDS } from '../../src/schema/prd.ts';
import { PROOF_IDS } from '../../src/schema/report.ts';
import type { Stage2Document } from '../../src/schema/stage2.ts';
import { judgeRequirements, REQUIREMENTS, type Stage2Evidence } from '../../src/stage2/requirements.ts';
import { verifyBundle } from '../../src/verify/bundle.ts';
import { type Outcome, proofbox, scratch } from '../integration/product.ts';
import { validator } from '../schema/validator.ts';
import { checkout, misbehaving, OPEN_GATES } from './stand-in.ts';

const space = await scratch();
afterAll(() => space.remove());

const stage2 = (
  source: string,
  env: Record<string, string> = OPEN_GATES,
  more: string[] = [],
): Promise<Outcome> =>
  proofbox(['validate', 'stage2', '--case-source', source, '--json', ...more], { cwd: space.dir, env });

describe('R16: proofbox validate stage2', () => {
  let outcome: Outcome;
  let document: Stage2Document;
  let folder = '';
  beforeAll(async () => {
    outcome = await stage2(await checkout(space.dir));
    document = JSON.parse(outcome.stdout) as Stage2Document;
    const below = join(space.dir, 'runs/stage2');
    folder = join(below, readdirSync(below)[0] ?? '');
  }, 300_000);

  test('P6 R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R14 R15 R16: each is proven, and says where', () => {
    expect(outcome.exitCode).toBe(0);
    expect(document).toMatchObject({ passed: true, problems: [], provider: 'scripted' });
    const validate = validator('stage2');
    expect(validate(document) || validate.errors).toBe(true);
    expect(document.requirements.map(({ id }) => id)).toEqual(
      REQUIREMENT_IDS.filter((id) => id.startsWith('R')),
    );
    for (const { id, status, problems, evidence } of document.requirements) {
      expect(problems, id).toEqual([]);
      expect(status, id).toBe('proven');
      for (const { file } of evidence) expect(existsSync(join(folder, file)), `${id} ${file}`).toBe(true);
    }
  });

  test('every pointer leads to what it says', () => {
    for (const { id, evidence } of document.requirements)
      for (const { file, at } of evidence) {
        if (!at.startsWith('/') || !file.endsWith('.json')) continue;
        let value: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
        for (const key of at.slice(1).split('/')) value = (value as Record<string, unknown> | null)?.[key];
        expect(value, `${id} ${file} ${at}`).toBeDefined();
      }
  });

  test('R4 R14: its runs are bundles like any other', async () => {
    expect(document.runs).toHaveLength(13);
    for (const { name, directory } of document.runs) {
      const fixture = async (id: string) => ({ workspace: join(FIXTURES_DIR, id, 'workspace') });
      const { holds } = await verifyBundle(join(folder, directory), { fixture, key: null });
      expect(holds, name).toBe(true);
    }
    expect(document.runs.filter(({ status }) => status === 'blocked')).toHaveLength(5);
    expect(document.runs.filter(({ status }) => status === 'failed')).toHaveLength(6);
  });

  test('R2 R3: with a gate closed it starts nothing and ends with 3', async () => {
    for (const env of [{}, { CTO_HARNESS_ALLOW_CASE: '1' }, { ...OPEN_GATES, CTO_HARNESS_CASE_STAGE: '3' }]) {
      const { exitCode, stdout } = await stage2(space.dir, env as Record<string, string>);
      expect(exitCode).toBe(3);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'blocked' } });
    }
  });

  test('an engine that does not do its work does not pass', async () => {
    const { exitCode, stdout } = await stage2(await misbehaving(space.dir, 'skips everything'));
    const { passed, requirements } = JSON.parse(stdout) as Stage2Document;
    expect(exitCode).toBe(1);
    expect(passed, stdout).toBe(false);
    const open = requirements.filter(({ status }) => status === 'not_proven').map(({ id }) => id);
    expect(open).toEqual(expect.arrayContaining(['R5', 'R12']));
    expect(open).not.toContain('R4');
  }, 300_000);
});

describe('each requirement can fail', () => {
  const report = {
    status: 'passed',
    backend: 'case',
    source_admission_status: 'not_admitted',
    case_process_started: true,
    allowed_writes_passed: true,
    gates: OPEN_GATES,
    changed_files: [{ path: 'a' }],
    proofs: PROOF_IDS.map((id) => ({ id, status: 'passed' })),
    blockers: [],
    cage: { binds: ['/artifacts', '/workspace'] },
    artifact_digests: { a: 'b' },
    baseline: { artifacts: { a: 'b' } },
  };
  const seen = (over: object = {}) => ({
    name: 'run',
    report: { ...report, ...over },
    events: [...PASS_EVENTS],
    forbidden: {
      roots: ForbiddenKind.options.map((kind) => ({ kind })),
      searched: ['contract', 'argv', 'environment', 'inputs', 'config'],
      exposures: [],
    },
    cages: 3,
    files: [
      'report.json',
      'report.md',
      'events.normalized.jsonl',
      'trace.jsonl',
      'patch.diff',
      'test.log',
      'backend/stdout.log',
      'backend/stderr.log',
    ],
  });
  const blocked = (codes: string[]) => ({
    codes,
    run: {
      ...seen({ status: 'blocked', case_process_started: false, blockers: codes.map((code) => ({ code })) }),
      cages: 0,
    },
  });
  const six = [
    'no_diff',
    'disallowed_file',
    'tests_failed',
    'missing_test_command',
    'missing_required_event',
    'provider_unavailable',
  ];
  const sound = () => ({
    closed: [blocked(['case_disabled']), blocked(['stage_gate_missing'])],
    passing: seen(),
    failures: six.map((code) => ({ code, run: seen({ status: 'failed', blockers: [{ code }] }) })),
    after: seen({ backend: 'fake' }),
    defaultEngine: 'fake',
    enabled: ['fake', 'command'],
    jsonCommands: ['validate stage2', 'health'],
    stage1Passed: true,
  });
  const unproven = (evidence: object) =>
    judgeRequirements(evidence as Stage2Evidence)
      .filter(({ status }) => status === 'not_proven')
      .map(({ id }) => id);
  const without = (id: string) => ({
    passing: seen({
      proofs: report.proofs.map((one) => (one.id === id ? { id, status: 'not_applicable' } : one)),
    }),
  });

  test('the control: sound evidence proves all of them', () => {
    expect(unproven(sound())).toEqual([]);
    expect(REQUIREMENTS).toHaveLength(16);
  });
  test.each<[string, object]>([
    ['R1', { enabled: ['fake', 'case'] }],
    ['R2', { closed: [blocked(['stage_gate_missing'])] }],
    ['R2', { passing: seen({ gates: {} }) }],
    ['R3', { closed: [blocked(['case_disabled'])] }],
    [
      'R4',
      {
        closed: [
          ...sound().closed,
          { codes: ['case_disabled'], run: seen({ blockers: [{ code: 'case_disabled' }] }) },
        ],
      },
    ],
    [
      'R4',
      {
        closed: [
          ...sound().closed,
          { ...blocked(['case_disabled']), run: { ...blocked(['case_disabled']).run, cages: 1 } },
        ],
      },
    ],
    ['R5', { passing: seen({ changed_files: [] }) }],
    ['R5', without('witnesses_agree')],
    ['R6', without('no_target_inspection')],
    ['R7', { passing: { ...seen(), forbidden: { ...seen().forbidden, exposures: [{}] } } }],
    ['R7', { passing: { ...seen(), forbidden: { ...seen().forbidden, searched: ['contract'] } } }],
    ['R8', without('cage_mounts')],
    ['R8', { stage1Passed: false }],
    ['R8', { passing: seen({ cage: { binds: ['/artifacts', '/etc', '/workspace'] } }) }],
    ['R9', without('no_target_mutation')],
    [
      'R9',
      { passing: { ...seen(), forbidden: { ...seen().forbidden, roots: [{ kind: 'target_repository' }] } } },
    ],
    ['R10', { passing: { ...seen(), files: ['report.json'] } }],
    ['R11', { passing: seen({ source_admission_status: 'not_applicable' }) }],
    ['R11', { passing: seen({ backend: 'fake' }) }],
    ['R12', { passing: { ...seen(), events: ['run.started'] } }],
    ['R13', { passing: seen({ baseline: null }) }],
    ['R14', { failures: sound().failures.slice(1) }],
    [
      'R14',
      {
        failures: sound().failures.map((one) => ({ ...one, run: seen({ blockers: [{ code: one.code }] }) })),
      },
    ],
    ['R15', { defaultEngine: 'case' }],
    ['R15', { after: seen({ backend: 'fake', status: 'failed' }) }],
    ['R16', { jsonCommands: ['validate stage2'] }],
  ])('%s', (id, over) => {
    expect(unproven({ ...sound(), ...over })).toContain(id);
  });
});

describe('R15 R16: proofbox health', () => {
  test('is green after stage 2, and says what it looked at', { timeout: 300_000 }, async () => {
    const { exitCode, stdout, stderr } = await proofbox(['health', '--json'], { cwd: space.dir });
    const health = JSON.parse(stdout) as Health;
    expect(health.parts.flatMap(({ problems }) => problems)).toEqual([]);
    expect(health).toMatchObject({ healthy: true });
    expect(health.parts.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'doctor ok',
      'prd ok',
      'stage1 ok',
      'fixtures ok',
    ]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    const validate = validator('health');
    expect(validate(health) || validate.errors).toBe(true);
  });

  test('without a container engine it ends with 4 and says so', async () => {
    const { exitCode, stdout } = await proofbox(['health', '--json'], {
      cwd: space.dir,
      env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
    expect(exitCode).toBe(4);
    const { healthy, parts } = JSON.parse(stdout) as Health;
    expect(healthy).toBe(false);
    expect(parts.find(({ id }) => id === 'doctor')?.status).toBe('failed');
    expect(parts.map(({ id }) => id)).not.toContain('fixtures');
  });
});
