/**
 * Stage 1: a probe tries from inside a cage what no engine may be able to do, and bombs are played against every limit.
 * Each is an ordinary run with a bundle of its own; this only compares what they left with what must be.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { LoadedFixture } from '../contract/fixture.ts';
import { engineByName } from '../engines/index.ts';
import { jsonDocument } from '../evidence/json.ts';
import { fileLines } from '../evidence/lines.ts';
import { newIdentity } from '../lane/identity.ts';
import type { RunRequest, RunResult } from '../lane/request.ts';
import { runLane } from '../lane/run.ts';
import type { CageDocument } from '../schema/cage.ts';
import type { BlockerCode } from '../schema/common.ts';
import { Fixture, type Limits } from '../schema/fixture.ts';
import type { WriteRecord } from '../schema/recorder.ts';
import type { ProofId, Report } from '../schema/report.ts';
import type { Stage1Document } from '../schema/stage1.ts';
import { bundleProblems, entryOf, plainRequest, type SharedRequest } from '../validation/play.ts';
import { bindingOf } from './binding.ts';
import { judgeProbes, type ProbeEvidence } from './judge.ts';
import { STAGE1_FILE, stage1Folder } from './store.ts';

/** What of a run stage 1 decides by itself; the rest is the caller's. */
export type Stage1Request = SharedRequest & {
  /** how long it counts, milliseconds */
  validForMs: number;
  /** false leaves the bombs out, and so can never pass; for negative controls */
  bombs?: boolean;
};

const PROBE = ['python3', '-I', '/opt/proofbox/engines/probe/probe.py'];

/** What must hold while every attempt is made. Being looked for is what the probe does to the canary. */
const MUST_HOLD: ProofId[] = [
  'cage_mounts',
  'cage_privileges',
  'recorder_coverage',
  'allowed_writes',
  'witnesses_agree',
  'no_target_mutation',
  'freshness',
  'artifacts',
  'limits',
];

const BOMBS: { name: string; limits: Partial<Limits>; blocker: BlockerCode }[] = [
  { name: 'memory', limits: { memory_bytes: 128 << 20 }, blocker: 'out_of_memory' },
  { name: 'disk', limits: { workspace_bytes: 32 << 20 }, blocker: 'workspace_limit' },
  { name: 'output', limits: { output_bytes: 1 << 20 }, blocker: 'output_limit' },
  { name: 'time', limits: { timeout_ms: 1500 }, blocker: 'timeout' },
];

/**
 * Runs stage 1 and leaves stage1.json with the bundles of its runs below the runs folder.
 * @throws ProofboxError `host` where this host cannot make a cage at all
 */
export async function runStage1(
  request: Stage1Request,
): Promise<{ document: Stage1Document; directory: string }> {
  const started = new Date();
  const directory = join(stage1Folder(request.runsDir), newIdentity(started).runId);
  const fixture = await makeFixture(directory);
  const canary = await makeCanary(directory);
  // The probe looks for this name; it would find it in a network namespace that is shared with the host.
  const socket = `proofbox-stage1-${randomBytes(8).toString('hex')}`;
  const listener = await listen(`\0${socket}`);
  const problems: string[] = [];
  const runs: Stage1Document['runs'] = [];
  const play = async (name: string, changes: Partial<RunRequest>) => {
    const result = await runLane(
      plainRequest(request, fixture, {
        engine: engineByName('command'),
        out: join(directory, name),
        ...changes,
      }),
    );
    runs.push(await entryOf(name, result));
    problems.push(...(await bundleProblems(name, result, fixture)));
    return result;
  };
  try {
    const forbidden = [
      { kind: 'target_repository' as const, path: canary, resolved: canary, mode: 'content' as const },
    ];
    const commandArgv = [...PROBE, 'probes', socket];
    const result = await play('probes', { commandArgv, forbidden, record: 'reads' });
    const evidence = await probeEvidence(result);
    const probes = judgeProbes(evidence);
    problems.push(...proofProblems(result.report));
    if (evidence.output.includes(await readFile(join(canary, 'secret.txt'), 'utf8')))
      problems.push("the canary's secret stands in the probe's output");
    if (request.bombs === false) problems.push('no bomb was played');
    for (const { name, limits, blocker } of request.bombs === false ? [] : BOMBS) {
      const { report } = await play(name, { commandArgv: [...PROBE, name], limits });
      problems.push(...bombProblems(name, blocker, report));
    }
    const finished = new Date();
    const document: Stage1Document = {
      schema: 'proofbox.stage1/v1',
      started_at: started.toISOString(),
      finished_at: finished.toISOString(),
      expires_at: new Date(finished.getTime() + request.validForMs).toISOString(),
      passed: problems.length === 0 && probes.every(({ verdict }) => verdict === 'held'),
      binding: await bindingOf({ ...request, imageDigest: request.image.digest }),
      problems,
      probes,
      runs,
    };
    await writeFile(join(directory, STAGE1_FILE), jsonDocument(document), { flag: 'wx' });
    return { document, directory };
  } finally {
    listener.close();
  }
}

/** The smallest fixture there is: the probe needs a place to stand on and nothing to do. */
async function makeFixture(directory: string): Promise<LoadedFixture> {
  const dir = join(directory, 'fixture');
  const workspace = join(dir, 'workspace');
  await mkdir(workspace, { recursive: true });
  await writeFile(join(workspace, 'README.md'), 'The probe of stage 1 runs here.\n');
  const fixture = Fixture.parse({
    schema: 'proofbox.fixture/v1',
    id: 'stage1',
    title: 'Everything that no engine may be able to do',
    task: 'Try it.',
    allowed_files: ['**', '**/.*'],
    test_command: ['true'],
    workspace: 'workspace',
    expect: { status: 'failed', blockers: ['target_path_exposed'] },
  });
  return { dir, workspace, fixture };
}

/** A target repository that the probe looks for, with a secret that nobody must find. */
async function makeCanary(directory: string): Promise<string> {
  const canary = join(directory, 'canary');
  await mkdir(canary);
  await writeFile(join(canary, 'secret.txt'), randomBytes(24).toString('hex'));
  return canary;
}

function listen(name: string): Promise<Server> {
  const server = createServer((socket) => socket.end());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(name, () => resolve(server));
  });
}

async function probeEvidence({ report, directory }: RunResult): Promise<ProbeEvidence> {
  const at = (file: string) => join(directory, 'artifacts', file);
  const cage = JSON.parse(await readFile(at('cage.json'), 'utf8')) as CageDocument;
  const refused: ProbeEvidence['refused'] = [];
  for await (const line of fileLines(at('writes.jsonl'))) {
    const record = JSON.parse(line) as WriteRecord;
    if (record.verdict === 'denied') refused.push(record);
  }
  return {
    output: await readFile(at('backend/stdout.log'), 'utf8'),
    refused,
    selfTest: cage.engine?.seen?.self_test ?? null,
    signals: cage.engine?.end?.signals_from_inside ?? 0,
    proofs: report.proofs,
  };
}

function proofProblems({ proofs }: Report): string[] {
  return proofs
    .filter(({ id, status }) => MUST_HOLD.includes(id) && status !== 'passed')
    .map(({ id, detail }) => `proof ${id} does not hold: ${detail}`);
}

function bombProblems(name: string, blocker: BlockerCode, { status, blockers, usage }: Report): string[] {
  if (status === 'failed' && blockers.some(({ code }) => code === blocker)) return [];
  return [
    `the ${name} bomb was not ended by its limit (${status} after ${Math.round(usage.wall_ms)} ms, no ${blocker})`,
  ];
}
