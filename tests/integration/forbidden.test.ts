import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { commandEngine } from '../../src/engines/command.ts';
import type { RunRequest } from '../../src/lane/request.ts';
import type { ForbiddenDocument, Report } from '../../src/schema/report.ts';
import { lane } from './lane-runner.ts';
import { run, runPython, scratch } from './product.ts';

const space = await scratch();
afterAll(() => space.remove());
const target = join(realpathSync(space.dir), 'target-repository');

beforeAll(() => {
  mkdirSync(join(target, '.git'), { recursive: true });
  writeFileSync(join(target, 'secret.txt'), 'a secret');
});

const GUARD = () => ['--forbid', `target_repository=${target}`];

function proof(report: Report, id: string) {
  return report.proofs.find((one) => one.id === id);
}

function codes(report: Report): string[] {
  return report.blockers.map(({ code }) => code);
}

/** A copy of a fixture that a test may spoil. */
function fixtureWith(name: string, change: (folder: string) => void): string {
  const folder = join(space.dir, name);
  cpSync(join(FIXTURES_DIR, 'py-interval'), folder, { recursive: true });
  change(folder);
  return folder;
}

describe('a forbidden root that is left alone', () => {
  test('R9, P7: both proofs pass, count what was digested and name the kinds nobody configured', async () => {
    const { report, exitCode } = await run(space.dir, ['py-interval', ...GUARD()]);
    expect(exitCode).toBe(0);
    for (const id of ['no_target_inspection', 'no_target_mutation']) {
      expect(proof(report, id)?.status).toBe('passed');
      expect(proof(report, id)?.detail).toMatch(
        /guarded: target_repository; not configured and so not proven: .*hermes_webui/,
      );
    }
    expect(proof(report, 'no_target_mutation')?.detail).toMatch(/3 entries/);
  });

  test('P7: where nothing is configured the proofs say so and do not pass', async () => {
    const { report } = await run(space.dir, ['py-interval']);
    for (const id of ['no_target_inspection', 'no_target_mutation'])
      expect(proof(report, id)?.status).toBe('not_applicable');
  });

  test('its path stands nowhere in the evidence that the engine could read', async () => {
    const bundle = await run(space.dir, ['py-interval', ...GUARD(), '--record', 'reads']);
    expect(bundle.report.status).toBe('passed');
    const cage = JSON.stringify(await bundle.cage());
    expect(cage).not.toContain(target);
  });
});

describe('R7, P7: target_path_exposed', () => {
  test('in the task, and so in contract and inputs', async () => {
    const fixture = fixtureWith('exposed-task', (folder) => {
      const path = join(folder, 'fixture.json');
      const document = JSON.parse(readFileSync(path, 'utf8'));
      writeFileSync(path, JSON.stringify({ ...document, task: `look at ${target}/secret.txt` }));
    });
    const { report, exitCode, json } = await run(space.dir, [fixture, ...GUARD()]);
    expect(exitCode).toBe(1);
    expect(codes(report)).toContain('target_path_exposed');
    const { exposures } = await json<ForbiddenDocument>('forbidden.json');
    expect(exposures.map(({ where }) => where)).toEqual(expect.arrayContaining(['contract', 'inputs']));
  });

  test('in the arguments, base64-encoded', async () => {
    const hidden = Buffer.from(`xx${target}/secret.txt`).toString('base64');
    const { report, json } = await runPython(space.dir, 'py-interval', `x = "${hidden}"`, GUARD());
    expect(codes(report)).toContain('target_path_exposed');
    const { exposures } = await json<ForbiddenDocument>('forbidden.json');
    expect(exposures).toContainEqual(expect.objectContaining({ where: 'argv', encoding: 'base64' }));
  });

  test('R6: in a copied file', async () => {
    const fixture = fixtureWith('exposed-file', (folder) => {
      writeFileSync(join(folder, 'workspace/notes.md'), `clone of ${target}`);
    });
    const { report } = await run(space.dir, [fixture, ...GUARD()]);
    expect(codes(report)).toContain('target_path_exposed');
  });

  test.each([
    ['the environment', 'environment', (env: string) => ({ env: { ORIGIN: env } })],
    ['the inputs', 'inputs', (text: string) => ({ inputs: { 'hint.txt': text } })],
  ])('in %s', async (_, where, change) => {
    const { report, directory } = await lane(space.dir, 'py-interval', {
      ...guarded(),
      engine: {
        ...commandEngine,
        plan: (input) => {
          const plan = commandEngine.plan(input);
          const { env = {}, inputs = {} } = change(target) as { env?: object; inputs?: object };
          return { ...plan, env: { ...plan.env, ...env }, inputs: { ...plan.inputs, ...inputs } };
        },
      },
      commandArgv: ['true'],
    });
    expect(codes(report)).toContain('target_path_exposed');
    const document = JSON.parse(
      readFileSync(join(directory, 'artifacts/forbidden.json'), 'utf8'),
    ) as ForbiddenDocument;
    expect(document.exposures.map((exposure) => exposure.where)).toContain(where);
  });

  test.each([
    [
      'the configuration',
      'config',
      (): Partial<RunRequest> => ({ configText: `{"runs_dir":"${target}-runs/../target-repository/x"}` }),
    ],
  ])('in %s', async (_, where, change) => {
    const { directory, report } = await lane(space.dir, 'py-interval', { ...guarded(), ...change() });
    expect(codes(report)).toContain('target_path_exposed');
    const document = JSON.parse(
      readFileSync(join(directory, 'artifacts/forbidden.json'), 'utf8'),
    ) as ForbiddenDocument;
    expect(document.exposures.map((exposure) => exposure.where)).toContain(where);
  });

  test('R6: an engine that looks for it under --record reads, though nothing is there to see', async () => {
    // The engine puts the path together itself: it stands in no argument.
    const parts = JSON.stringify(target.split('/'));
    const script = `
import os
path = chr(47).join(${parts})
for name in (path, path + '/secret.txt'):
    try: os.open(name, os.O_RDONLY)
    except OSError: pass
`;
    const { report } = await runPython(space.dir, 'py-interval', script, [...GUARD(), '--record', 'reads']);
    expect(codes(report)).toContain('target_path_exposed');
    expect(proof(report, 'no_target_inspection')?.status).toBe('failed');
  });

  test('R6: an engine that tries to write there, whatever is recorded', async () => {
    const parts = JSON.stringify(target.split('/'));
    const script = `
import os
try: open(chr(47).join(${parts}) + '/planted', 'w')
except OSError: pass
`;
    const { report } = await runPython(space.dir, 'py-interval', script, GUARD());
    expect(codes(report)).toContain('target_path_exposed');
  });
});

describe('R9: target_mutated', () => {
  test.each([
    ['a file that changed', () => appendFileSync(join(target, 'secret.txt'), '!')],
    ['a file that appeared', () => writeFileSync(join(target, `new-${Date.now()}`), '')],
    ['a root that is gone', () => rmSync(join(space.dir, 'vanishing'), { recursive: true })],
  ])('%s while the engine ran', async (name, change) => {
    const path = name.endsWith('gone') ? join(space.dir, 'vanishing') : target;
    mkdirSync(path, { recursive: true });
    const progress = {
      start: (id: string) => {
        if (id === 'engine') change();
      },
      note: () => undefined,
      end: () => undefined,
      close: async () => undefined,
    };
    const { report } = await lane(space.dir, 'py-interval', {
      forbidden: [{ kind: 'target_repository', path, resolved: path, mode: 'metadata' }],
      progress: progress as RunRequest['progress'],
    });
    expect(report.status).toBe('failed');
    expect(proof(report, 'no_target_mutation')?.status).toBe('failed');
    expect(codes(report)).toContain(name.endsWith('gone') ? 'evidence_incomplete' : 'target_mutated');
  });
});

function guarded(): Partial<RunRequest> {
  return { forbidden: [{ kind: 'target_repository', path: target, resolved: target, mode: 'metadata' }] };
}
