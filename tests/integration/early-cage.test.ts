/** The cage of the tests on the result is made while the engine runs; that must help nobody but us. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CageOptions, NotWanted, runCage } from '../../src/cage/run.ts';
import type { CageRequest } from '../../src/cage/spec.ts';
import { sandboxImage } from '../../src/docker/images.ts';
import { CAGE_ENV } from '../../src/engines/environment.ts';
import { inventory } from '../../src/evidence/inventory.ts';
import { newIdentity, ownerLabels } from '../../src/lane/identity.ts';
import { makeCageFolders } from '../../src/lane/prepare.ts';
import { claimUser } from '../../src/lane/user.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { evaluate } from '../../src/proofs/index.ts';
import type { CageDocument } from '../../src/schema/cage.ts';
import { DEFAULT_LIMITS } from '../../src/schema/fixture.ts';
import { loadEvidence } from '../../src/verdict/load.ts';
import { type Bundle, runPython, scratch } from './product.ts';

/** What the second verifier says of the order in one cage.json. */
async function secondLook(file: string): Promise<string> {
  const script = 'import json, sys, verify; print(verify.tests_began_early(json.load(open(sys.argv[1]))))';
  const env = { PYTHONPATH: join(PACKAGE_ROOT, 'scripts'), PYTHONDONTWRITEBYTECODE: '1' };
  return (await execa('python3', ['-c', script, file], { env })).stdout;
}

const space = await scratch();
afterAll(() => space.remove());

/** Looks for any trace of the other cages, mends the fixture, and lives on for a while. */
const CURIOUS = `
import os, time
path = '/workspace/interval/interval.py'
text = open(path).read().replace('point <= self.end', 'point < self.end')
time.sleep(1)
mounts = open('/proc/self/mountinfo').read()
print('others' if 'tests_after' in mounts or 'tests_before' in mounts else 'alone')
print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit())[:1])
open(path, 'w').write(text)
`;

describe('R14: the tests on the result, in a cage that was made early', () => {
  let bundle: Bundle;
  let cage: CageDocument;
  beforeAll(async () => {
    bundle = await runPython(space.dir, 'py-interval', CURIOUS);
    cage = await bundle.cage();
  });

  test('the container was there while the engine ran, and its tests were not', () => {
    expect(bundle.codes).toEqual([]);
    const { engine, verification } = cage;
    const at = (moment: string | null | undefined) => Date.parse(moment ?? '');
    expect(at(verification.after?.created_at)).toBeLessThan(at(engine?.begun_at));
    expect(at(verification.after?.begun_at)).toBeGreaterThanOrEqual(at(engine?.finished_at));
    expect(verification.after?.exit.exit_code).toBe(0);
  });

  test("P8: the engine's own container was there before the watcher, and the engine was not", async () => {
    const { engine } = cage;
    const [ready] = await bundle.lines<{ event: string; t_ms: number }>('watch.jsonl');
    const { started_at } = await bundle.json<{ started_at: string }>('run.json');
    const readyAt = Date.parse(started_at) + (ready?.t_ms ?? Number.NaN);
    expect(Date.parse(engine?.created_at ?? '')).toBeLessThan(readyAt);
    expect(Date.parse(engine?.begun_at ?? '')).toBeGreaterThanOrEqual(Math.floor(readyAt));
  });

  test('P8: what the harness did in the two folders came when the watcher looked no more', async () => {
    const lines = await bundle.lines<{ event: string; t_ms: number }>('watch.jsonl');
    const { started_at, file_times } = await bundle.json<{
      started_at: string;
      file_times: Record<string, { ctime_ms: number }>;
    }>('run.json');
    const drainedAt = Date.parse(started_at) + (lines.at(-1)?.t_ms ?? Number.NaN);
    expect(lines.at(-1)?.event).toBe('drained');
    const early = Object.entries(file_times).filter(
      ([name, { ctime_ms }]) => !name.startsWith('inputs/') && ctime_ms < Math.floor(drainedAt),
    );
    expect(early).toEqual([]);
  });

  test('the engine saw nothing of it', async () => {
    expect((await bundle.read('backend/stdout.log')).split('\n').slice(0, 2)).toEqual(['alone', '[1]']);
  });

  test.each<[string, (document: CageDocument) => void]>([
    [
      "by the harness's clock",
      ({ engine, verification: { after } }) => {
        if (engine !== null && after !== null) engine.finished_at = after.finished_at;
      },
    ],
    [
      "by the container engine's clock",
      ({ engine, verification: { after } }) => {
        const exited = engine?.inspect_exited as { State: { FinishedAt: string | null } };
        exited.State.FinishedAt = after?.finished_at ?? null;
      },
    ],
    [
      'by the moment when they were told to begin',
      ({ engine, verification: { after } }) => {
        if (engine !== null && after !== null) after.begun_at = engine.begun_at;
      },
    ],
  ])('freshness fails where they began before the engine was gone, %s', async (_, alter) => {
    const run = join(space.dir, `altered-${Math.random()}`);
    cpSync(join(bundle.artifacts, '..'), run, { recursive: true });
    const file = join(run, 'artifacts/cage.json');
    const document = JSON.parse(readFileSync(file, 'utf8')) as CageDocument;
    alter(document);
    writeFileSync(file, JSON.stringify(document));
    const evidence = await loadEvidence(join(run, 'artifacts'), await inventory(join(run, 'artifacts')));
    const { proofs } = evaluate(evidence);
    const proof = proofs.find(({ id }) => id === 'freshness');
    expect(proof?.status).toBe('failed');
    expect(proof?.detail).toContain('ran its tests before the engine was gone');
    expect(await secondLook(file)).toBe('True');
    expect(await secondLook(join(bundle.artifacts, 'cage.json'))).toBe('False');
  });
});

describe('a cage that waits for its turn', () => {
  const docker = new Docker();

  async function waiting(name: string, turn: Promise<boolean>, signal = new AbortController().signal) {
    const { runId, nonce } = newIdentity(new Date());
    const [workspaceDir, artifactsDir] = [join(space.dir, name, 'w'), join(space.dir, name, 'a')];
    const user = await claimUser();
    await makeCageFolders(workspaceDir, artifactsDir, user);
    const image = await sandboxImage(docker);
    const request: CageRequest = {
      role: 'tests_after',
      runId,
      nonce,
      image,
      workspaceDir,
      artifactsDir,
      user,
      argv: ['sh', '-c', 'ls /workspace'],
      env: CAGE_ENV,
      limits: DEFAULT_LIMITS,
      record: 'writes',
      allowDegraded: false,
      labels: ownerLabels(runId, 'tests_after'),
    };
    const printed: Buffer[] = [];
    let isReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    const options: CageOptions = {
      sinks: {
        writes() {},
        programs() {},
        stderr() {},
        stdout: (bytes) => void printed.push(Buffer.from(bytes)),
      },
      timeoutMs: 60_000,
      forbiddenPaths: [],
      admit: async () => {
        isReady();
        return null;
      },
      turn,
      signal,
      imageConfig: image.config,
    };
    const ended = runCage(docker, request, options);
    ended.catch(() => undefined);
    await ready;
    const left = () => docker.listContainers({ all: true, filters: { label: [`io.proofbox.run=${runId}`] } });
    return { ended, left, workspaceDir, printed };
  }

  test('sees what was put into its folder before the word, and ran nothing until then', async () => {
    let begin: (isWanted: boolean) => void = () => undefined;
    const cage = await waiting('turn', new Promise((resolve) => (begin = resolve)));
    expect(await cage.left()).toHaveLength(1);
    expect(cage.printed).toEqual([]);
    writeFileSync(join(cage.workspaceDir, 'put-there-late'), '');
    const told = Date.now();
    begin(true);
    const { whole } = await cage.ended;
    const record = await whole;
    expect(Buffer.concat(cage.printed).toString()).toBe('put-there-late\n');
    expect(Date.parse(record.begun_at ?? '')).toBeGreaterThanOrEqual(told);
    expect(record.removed).toBe(true);
    expect(await cage.left()).toEqual([]);
  });

  test('that is not wanted goes, and leaves no record', async () => {
    let begin: (isWanted: boolean) => void = () => undefined;
    const cage = await waiting('unwanted', new Promise((resolve) => (begin = resolve)));
    begin(false);
    await expect(cage.ended).rejects.toBeInstanceOf(NotWanted);
    expect(await cage.left()).toEqual([]);
    expect(cage.printed).toEqual([]);
  });

  test('that is interrupted never ran', async () => {
    const stop = new AbortController();
    const cage = await waiting('stopped', new Promise(() => undefined), stop.signal);
    stop.abort();
    const record = await (await cage.ended).whole;
    expect(record).toMatchObject({ begun_at: null, removed: true, exit: { stop_reason: 'interrupted' } });
    expect(record.stream.programs).toBe(0);
    expect(await cage.left()).toEqual([]);
  });
});
