import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CageBody } from '../../src/cage/spec.ts';
import { withBill } from '../../src/docker/bill-of-materials.ts';
import { sandboxImage } from '../../src/docker/images.ts';
import { dockerVersions } from '../../src/docker/versions.ts';
import { SILENT } from '../../src/lane/progress.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { Stage1Document } from '../../src/schema/stage1.ts';
import { bindingOf } from '../../src/stage1/binding.ts';
import { judgeProbes } from '../../src/stage1/judge.ts';
import { EXPECTED_PROBES } from '../../src/stage1/probes.ts';
import { runStage1 } from '../../src/stage1/run.ts';
import { newestStage1 } from '../../src/stage1/store.ts';
import { onNetwork, weakened, weakenedBy } from '../integration/lane-runner.ts';
import { proofbox, scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());

describe('P2: proofbox validate stage1 on this host', () => {
  let document: Stage1Document;
  let exitCode: number | undefined;
  beforeAll(async () => {
    const outcome = await proofbox(['validate', 'stage1', '--json'], { cwd: space.dir });
    ({ exitCode } = outcome);
    document = Stage1Document.parse(JSON.parse(outcome.stdout));
  });

  test('every attempt is refused as expected and seen, every bomb ended by its limit', () => {
    expect(document.probes.filter(({ verdict }) => verdict !== 'held')).toEqual([]);
    expect(document.problems).toEqual([]);
    expect(document.passed).toBe(true);
    expect(exitCode).toBe(0);
    expect(document.probes.length).toBeGreaterThanOrEqual(40);
    expect(document.runs.map(({ name }) => name)).toEqual(['probes', 'memory', 'disk', 'output', 'time']);
  });

  test('the table of expectations and the probe name the same attempts, each once', () => {
    const source = readFileSync(join(PACKAGE_ROOT, 'images/engines/probe/probe.py'), 'utf8');
    const functions = [...source.matchAll(/^@probe\ndef (\w+)/gm)].map((match) => match[1]);
    const ids = EXPECTED_PROBES.map(({ id }) => id);
    expect(ids.filter((id) => !id.startsWith('write:'))).toEqual(functions);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('it expires after 24 hours, and is bound to this host', async () => {
    const lasts = Date.parse(document.expires_at) - Date.parse(document.finished_at);
    expect(lasts).toBe(24 * 3_600_000);
    const docker = new Docker();
    const facts = {
      docker,
      versions: await dockerVersions(docker),
      imageDigest: document.binding.image,
      runtime: undefined,
    };
    const here = await bindingOf(facts);
    const runs = join(space.dir, 'runs');
    expect(await newestStage1(runs, here)).toMatchObject({ passed: true, is_this_host: true });
    const other = { ...here, versions: { ...here.versions, kernel: '4.19.0' } };
    expect(await newestStage1(runs, other)).toMatchObject({ is_this_host: false });
  });

  test('two at once on one host do not disturb each other', async () => {
    const both = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const cwd = join(space.dir, name);
        await mkdir(cwd);
        return proofbox(['validate', 'stage1', '--json'], { cwd });
      }),
    );
    for (const { exitCode: code, stdout } of both) expect(code, stdout).toBe(0);
  });

  test('with it the last gate is open, and the engine case stops only for want of its source', async () => {
    const env = { CTO_HARNESS_ALLOW_CASE: '1', CTO_HARNESS_CASE_STAGE: '2' };
    const closed = await proofbox(['run', 'py-interval', '--engine', 'case', '--quiet'], { cwd: space.dir });
    expect(closed.stderr).toMatch(/case_disabled/);
    expect(closed.stderr).not.toMatch(/stage1_missing/);
    const { exitCode: code, stderr } = await proofbox(['run', 'py-interval', '--engine', 'case'], {
      cwd: space.dir,
      env,
    });
    expect(code).toBe(4);
    expect(stderr).toMatch(/no source of Case/);
  });

  test('one whose evidence was altered counts as failed', async () => {
    const runs = join(space.dir, 'runs');
    const [name] = readdirSync(join(runs, 'stage1'));
    appendFileSync(join(runs, 'stage1', name ?? '', 'memory/artifacts/digests.json'), ' ');
    expect(await newestStage1(runs, document.binding)).toMatchObject({ passed: false });
    rmSync(join(runs, 'stage1'), { recursive: true });
    expect(await newestStage1(runs, document.binding)).toBeNull();
  });
});

describe('negative controls: the same probes in a cage that is not as promised', () => {
  const CONTROLS: [what: string, docker: () => Docker, breaches: string[]][] = [
    ['a network', () => onNetwork('bridge'), ['network_interface', 'send_datagram', 'host_gateway']],
    ["the host's network", () => onNetwork('host'), ['network_interface', 'abstract_socket_of_the_host']],
    ['shared memory', () => weakenedBy({ IpcMode: 'private', ShmSize: 1 << 20 }), ['third_writable_mount']],
    ['capabilities', () => weakenedBy({ CapDrop: [], CapAdd: ['SYS_ADMIN'] }), ['any_capability']],
    ['no limit on processes', () => weakenedBy({ PidsLimit: 0 }), ['more_processes_than_allowed']],
    [
      'the Docker socket',
      () =>
        weakened((body: CageBody) => ({
          ...body,
          HostConfig: { ...body.HostConfig, Binds: [...(body.HostConfig?.Binds ?? []), '/var/run:/var/run'] },
        })),
      ['docker_socket'],
    ],
    [
      'the folder of the target',
      () =>
        weakened((body: CageBody) => {
          const run = (body.HostConfig?.Binds?.[0] ?? '').split(':')[0] ?? '';
          return {
            ...body,
            HostConfig: {
              ...body.HostConfig,
              Binds: [...(body.HostConfig?.Binds ?? []), `${join(run, '../..')}:${join(run, '../..')}`],
            },
          };
        }),
      ['target_repository'],
    ],
  ];

  test.each(CONTROLS)('%s is a breach', async (what, docker, breaches) => {
    const client = docker();
    const { document } = await runStage1({
      docker: client,
      versions: await dockerVersions(client),
      image: await withBill(client, await sandboxImage(client)),
      runsDir: join(space.dir, `weak-${what.replaceAll(/\W+/g, '-')}`),
      runtime: undefined,
      progress: SILENT,
      signal: new AbortController().signal,
      withoutAdmission: true,
      idShift: { uid: 0, gid: 0 },
      validForMs: 1000,
      bombs: false,
    });
    expect(document.passed).toBe(false);
    const breached = document.probes.filter(({ verdict }) => verdict === 'breach').map(({ id }) => id);
    expect(breached).toEqual(expect.arrayContaining(breaches));
    expect(document.problems.join(' ')).toMatch(/proof cage_(mounts|privileges) does not hold/);
  });

  test('with admission the same cage starts no engine: nothing was tried, and nothing counts as held', async () => {
    const client = onNetwork('bridge');
    const { document } = await runStage1({
      docker: client,
      versions: await dockerVersions(client),
      image: await withBill(client, await sandboxImage(client)),
      runsDir: join(space.dir, 'admission'),
      runtime: undefined,
      progress: SILENT,
      signal: new AbortController().signal,
      withoutAdmission: false,
      idShift: { uid: 0, gid: 0 },
      validForMs: 1000,
      bombs: false,
    });
    expect(new Set(document.probes.map(({ verdict }) => verdict))).toEqual(new Set(['not_tried']));
    expect(document.passed).toBe(false);
  });
});

describe('an attempt that is refused and not seen', () => {
  const output = [
    ...EXPECTED_PROBES.map(({ id, refusals }) =>
      JSON.stringify({ id, outcome: 'refused', errno: refusals[0], detail: null }),
    ),
    JSON.stringify({ done: EXPECTED_PROBES.length }),
  ];
  const blind = { output: output.join('\n'), refused: [], selfTest: null, signals: 0, proofs: [] };

  test('fails: without records no attempt holds', () => {
    expect(new Set(judgeProbes(blind).map(({ verdict }) => verdict))).toEqual(new Set(['unseen']));
  });

  test('a probe that was cut short proves nothing, not even what it said', () => {
    const cut = { ...blind, output: output.slice(0, -1).join('\n') };
    expect(new Set(judgeProbes(cut).map(({ verdict }) => verdict))).toEqual(new Set(['not_tried']));
  });

  test('a refusal of another kind than expected is a breach', () => {
    const odd = { ...blind, output: blind.output.replaceAll(/"errno":"\w+"/g, '"errno":"EINVAL"') };
    expect(new Set(judgeProbes(odd).map(({ verdict }) => verdict))).toEqual(new Set(['breach']));
  });
});

test('no container is left', () => {
  expect(
    execFileSync('docker', [
      'ps',
      '-aq',
      '--filter',
      `label=io.proofbox.owner-pid=${process.pid}`,
    ]).toString(),
  ).toBe('');
});
