import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NormalizedEvent } from '../../src/schema/event.ts';
import { PASS_EVENTS } from '../../src/schema/event.ts';
import type { RunDocument } from '../../src/schema/run.ts';
import { verifyBundle } from '../../src/verify/bundle.ts';
import { startProvider, stream } from '../gateway/provider.ts';
import { secondOpinion } from '../integration/both-verifiers.ts';
import { inside } from '../integration/inside.ts';
import { type Bundle, proofbox, scratch } from '../integration/product.ts';
import { checkout, git, misbehaving, OPEN_GATES, runCase, stage1Done } from './stand-in.ts';

const space = await scratch();
afterAll(() => space.remove());
let cwd = '';
let source = '';
let passing: Bundle;
beforeAll(async () => {
  [cwd, source] = await Promise.all([stage1Done(space.dir), checkout(space.dir)]);
  passing = await runCase(space.dir, cwd, 'py-interval', source);
}, 180_000);

const play = (fixture: string, from = source, flags?: string[]) =>
  runCase(space.dir, cwd, fixture, from, flags);

describe('the stand-in for case, behind open gates, against the scripted model', () => {
  test('P1 R5 R8 R10 R11: passes, changes the copied workspace alone, and its report has every field', async () => {
    const { report } = passing;
    expect(passing.codes).toEqual([]);
    expect(passing.exitCode).toBe(0);
    expect(report).toMatchObject({
      status: 'passed',
      stage: 'stage2',
      backend: 'case',
      source_admission_status: 'not_admitted',
      case_process_started: true,
      allowed_writes_passed: true,
      gates: OPEN_GATES,
      blockers: [],
    });
    expect(report.changed_files.map(({ path }) => path)).toEqual(['interval/interval.py']);
    expect(report.freshness_proof.artifact_dir_was_empty).toBe(true);
    expect(Object.keys(report.artifact_digests)).toEqual(
      expect.arrayContaining(['events.normalized.jsonl', 'patch.diff', 'test.log', 'backend/stdout.log']),
    );
  });

  test('R12: the events of a pass, and its own beside them, none invented', async () => {
    const events = await passing.lines<NormalizedEvent>('events.normalized.jsonl');
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => PASS_EVENTS.includes(type as never))).toEqual([...PASS_EVENTS]);
    const folder = join(passing.artifacts, 'backend/case/task/events');
    const raw = readFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => `engine.case.${(JSON.parse(line) as { event: string }).event}`);
    expect(types.filter((type) => type.startsWith('engine.case.'))).toEqual(raw);
    expect(types).not.toContain('engine.events.unmapped');
  });

  test('P2 R9: what it is made of is on record, its source is guarded, and stage 1 is named', async () => {
    const { candidate } = passing.report;
    expect(candidate?.commit).toBe(await git(source, 'rev-parse', 'HEAD'));
    expect(candidate?.tree).toBe(await git(source, 'rev-parse', 'HEAD^{tree}'));
    const run = await passing.json<RunDocument>('run.json');
    expect(run.stage1).toMatchObject({ passed: true, is_this_host: true });
    const forbidden = await passing.json<{ roots: { kind: string; path: string }[] }>('forbidden.json');
    expect(forbidden.roots).toMatchObject([{ kind: 'case_source', path: source }]);
    expect(await git(source, 'status', '--porcelain')).toBe('');
  });

  test('R13 P9: the fake lane of the same run lies beside it, both sides on record', async () => {
    const { baseline } = passing.report;
    expect(baseline).toMatchObject({
      status: 'passed',
      comparison: { same_result: true, artifacts: { fake: 'baseline/artifacts', run: 'artifacts' } },
    });
    const fake = join(passing.artifacts, '../baseline/artifacts');
    const own = JSON.parse(readFileSync(join(fake, 'report.json'), 'utf8')) as typeof passing.report;
    expect(own).toMatchObject({
      backend: 'fake',
      run_id: baseline?.run_id,
      artifact_digests: baseline?.artifacts,
    });
    expect(own.contract_digest).not.toBe(passing.report.contract_digest);
    const contracts = await Promise.all(
      [join(fake, 'contract.json'), join(passing.artifacts, 'contract.json')].map(
        async (file) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>,
      ),
    );
    for (const key of [
      'fixture',
      'task',
      'allowed_files',
      'test_command',
      'limits',
      'required_events',
      'denied_writes',
    ])
      expect(contracts[0]?.[key], key).toEqual(contracts[1]?.[key]);
    for (const text of [await passing.read('report.md'), await passing.read('report.html'), passing.stdout])
      expect(text).toMatch(/baseline/);
    expect(await passing.read('report.md')).toMatch(/Beside the fake lane of the same run: the same result/);
  });

  test('its state, home and caches lie under backend/, and its notes are no change', () => {
    const backend = readdirSync(join(passing.artifacts, 'backend')).sort();
    expect(backend).toEqual(expect.arrayContaining(['case', 'case-data', 'home', 'stdout.log']));
    expect(passing.report.engine_state.patterns).toEqual(['.git/', '.case/']);
    expect(passing.report.engine_state.changed).toBeGreaterThan(0);
  });

  test('every cage is of its image, which the sandbox is below', async () => {
    const image = await new Docker().getImage(passing.report.image.reference).inspect();
    expect(image.Id).toBe(passing.report.image.digest);
    expect(passing.report.image.reference).toMatch(/^proofbox-case:/);
  });
});

describe('R14 P10: the six failure fixtures fail closed for case as for fake', () => {
  test.each([
    ['fail-no-diff', 'no_diff'],
    ['fail-disallowed-file', 'disallowed_file'],
    ['fail-failed-tests', 'tests_failed'],
    ['fail-missing-test-command', 'missing_test_command'],
    ['fail-missing-required-event', 'missing_required_event'],
  ])('%s: %s', async (fixture, code) => {
    const bundle = await play(fixture);
    expect(bundle.codes).toContain(code);
    expect(bundle.exitCode).toBe(1);
    expect(bundle.report).toMatchObject({ status: 'failed', case_process_started: true });
    expect(bundle.report.baseline?.blockers).toContain(code);
  });

  test('fail-provider-unavailable: provider_unavailable', async () => {
    const bundle = await play('fail-provider-unavailable', source, ['--provider', 'none']);
    expect(bundle.codes).toContain('provider_unavailable');
    expect(bundle.exitCode).toBe(1);
    expect(bundle.report.baseline?.blockers).toContain('provider_unavailable');
  });

  test.each<[string, (() => ReturnType<typeof startProvider>) | null]>([
    ['is stopped', null],
    [
      'streams half an answer',
      () => startProvider(stream(['data: {"choices":[{"delta":{"content":"ha"}}]}\n\n'], 'closed')),
    ],
  ])('a provider that %s: provider_unavailable, though it ends with 0', async (_, start) => {
    const far = await start?.();
    const bundle = await play('py-interval', source, ['--provider', far?.url ?? 'http://127.0.0.1:9']);
    await far?.close();
    expect(bundle.codes).toContain('provider_unavailable');
    expect((await bundle.cage()).engine?.exit.exit_code).toBe(0);
  });
});

describe('what it says of itself is never believed', () => {
  test.each<[string, string[]]>([
    ['skips everything', ['engine_failed', 'missing_required_event', 'no_diff', 'tests_failed']],
    ['never ends', ['engine_failed']],
    ['goes on after its end', ['engine_failed']],
    ['speaks unknown words', []],
    ['numbers wrongly', []],
    ['writes no JSON', []],
    ['lies about tests', []],
  ])('it %s', async (word, codes) => {
    const bundle = await play('py-interval', await misbehaving(space.dir, word));
    expect(bundle.codes).toEqual(codes);
    const events = await bundle.lines<NormalizedEvent>('events.normalized.jsonl');
    const unmapped = events.find(({ type }) => type === 'engine.events.unmapped');
    expect(unmapped === undefined).toBe(!/words|numbers|JSON/.test(word));
    const { engine_claims: claims } = bundle.report;
    expect(claims?.contradictions).toHaveLength(
      word === 'lies about tests' ? 3 : word === 'skips everything' ? 1 : 0,
    );
  });

  test('events by way of a link to the host are not read', async () => {
    const linked = await checkout(space.dir, async (folder) => {
      const host = join(space.dir, 'host-events');
      mkdirSync(host);
      const event = (name: string, sequence: number, more: object) =>
        `${JSON.stringify({ event: name, sequence, ...more })}\n`;
      const text = `${event('pipeline_start', 1, {})}${event('pipeline_end', 2, { outcome: 'completed' })}`;
      writeFileSync(join(host, 'run-forged.jsonl'), text);
      writeFileSync(
        join(folder, 'src/index.ts'),
        `import { mkdirSync, symlinkSync } from 'node:fs';
         mkdirSync('/workspace/.case/task');
         symlinkSync(${JSON.stringify(host)}, '/workspace/.case/task/events');`,
      );
    });
    const bundle = await play('py-interval', linked);
    expect(bundle.codes).toEqual(['engine_failed', 'missing_required_event', 'no_diff', 'tests_failed']);
    const types = (await bundle.lines<NormalizedEvent>('events.normalized.jsonl')).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith('engine.case'))).toEqual([]);
  });
});

describe('the source that the user names', () => {
  const refused = async (path: string | null, message: RegExp) => {
    const out = join(space.dir, 'refused');
    const flags = path === null ? [] : ['--case-source', path];
    const outcome = await proofbox(['run', 'py-interval', '--engine', 'case', '--out', out, ...flags], {
      cwd,
      env: OPEN_GATES,
    });
    expect(outcome.exitCode, outcome.stderr).toBe(4);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).toMatch(/fix:|give|name/);
    expect(existsSync(out)).toBe(false);
  };
  test('none: exit 4 before anything starts, with the fix', () => refused(null, /no source of Case/));
  test('no checkout', async () => {
    const folder = join(space.dir, 'plain');
    mkdirSync(folder);
    await refused(folder, /is no checkout/);
  });
  test('no commit', async () => {
    const folder = join(space.dir, 'empty');
    mkdirSync(folder);
    await git(folder, 'init', '--quiet');
    await refused(folder, /no commit/);
  });
  test.each([
    ['a path', 'file:/etc'],
    ['a repository', 'git+ssh://git@elsewhere.invalid/x.git'],
    ['an address', 'https://elsewhere.invalid/x.tgz'],
    ['a shorthand', 'someone/something'],
  ])('a dependency that is %s', async (_, range) => {
    const folder = await checkout(space.dir, async (where) => {
      const file = join(where, 'package.json');
      const manifest = JSON.parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(file, JSON.stringify({ ...manifest, dependencies: { x: range } }));
    });
    await refused(folder, /not of the registry/);
  });

  test('a link that leads out of it', async () => {
    const folder = await checkout(space.dir, async (where) =>
      symlinkSync('/etc/passwd', join(where, 'link')),
    );
    await refused(folder, /cannot be exported: \/link is not a valid symlink/);
  });

  test('only the commit counts, nothing of its configuration runs, and nothing in it changes', async () => {
    const trap = join(space.dir, 'it-ran');
    const folder = await checkout(space.dir, async (where) => {
      writeFileSync(
        join(where, '.gitattributes'),
        '* filter=trap ident export-subst\nREADME.md export-ignore\n',
      );
      writeFileSync(join(where, 'subst.txt'), '$Id$ $Format:%H$\n');
      symlinkSync('src/index.ts', join(where, 'link'));
    });
    await git(folder, 'config', 'filter.trap.smudge', `touch ${trap}; cat`);
    await git(folder, 'config', 'filter.trap.required', 'true');
    await git(folder, 'config', 'core.fsmonitor', `touch ${trap}`);
    const file = join(folder, 'src/index.ts');
    writeFileSync(file, 'throw new Error("not committed");');
    writeFileSync(join(folder, 'untracked.txt'), 'x');
    const before = states(folder);
    const bundle = await play('py-interval', folder);
    expect(bundle.codes).toEqual([]);
    expect(states(folder)).toEqual(before);
    expect(existsSync(trap)).toBe(false);
    const shown = await inside(
      bundle.report.image.digest,
      'cd /opt/case; cat subst.txt; ls; readlink link; find . -perm /6000',
      '64100:64100',
    );
    expect(shown).toMatch(/^\$Id\$ \$Format:%H\$\n/);
    expect(shown).toMatch(/README.md/);
    expect(shown).not.toMatch(/untracked/);
  });

  test('another commit is another image, the same one is built once', async () => {
    const folder = await checkout(space.dir, async (where) => writeFileSync(join(where, 'extra.txt'), '1'));
    const first = await play('py-interval', folder);
    const again = await play('py-interval', folder);
    expect(again.report.image).toEqual(first.report.image);
    expect(first.report.image.digest).not.toBe(passing.report.image.digest);
  });

  test('a fixture without a script for the fake lane is refused before anything starts', async () => {
    const fixture = join(space.dir, 'no-script');
    cpSync(join(import.meta.dirname, '../../fixtures/py-interval'), fixture, { recursive: true });
    const { fake: _fake, ...rest } = JSON.parse(readFileSync(join(fixture, 'fixture.json'), 'utf8')) as {
      fake: unknown;
    };
    writeFileSync(join(fixture, 'fixture.json'), JSON.stringify({ ...rest, id: 'no-script' }));
    const out = join(space.dir, 'unscripted');
    const outcome = await proofbox(
      ['run', fixture, '--engine', 'case', '--case-source', source, '--out', out],
      { cwd, env: OPEN_GATES },
    );
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stderr).toMatch(/no script for the fake engine/);
    expect(existsSync(out)).toBe(false);
  });
});

describe('R13: a baseline that is not the one of the run does not verify', () => {
  const fixture = async () => ({
    workspace: join(import.meta.dirname, '../../fixtures/py-interval/workspace'),
  });
  const altered = async (alter: (dir: string) => void) => {
    const dir = join(space.dir, 'altered');
    rmSync(dir, { recursive: true, force: true });
    cpSync(join(passing.artifacts, '..'), dir, {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
    alter(dir);
    const { checks } = await verifyBundle(dir, { fixture, key: null });
    const second = await secondOpinion(dir);
    return {
      failed: checks.filter(({ status }) => status === 'failed').map(({ id }) => id),
      second: second.holds,
      why: second.checks.at(-1),
    };
  };
  test('the control: a copy holds', async () => {
    expect(await altered(() => undefined)).toMatchObject({ failed: [], second: true });
  });
  test.each<[string, (dir: string) => void]>([
    ['removed', (dir) => rmSync(join(dir, 'baseline'), { recursive: true })],
    ['emptied', (dir) => rmSync(join(dir, 'baseline/artifacts'), { recursive: true })],
    [
      'with a byte more in its patch',
      (dir) => writeFileSync(join(dir, 'baseline/artifacts/patch.diff'), '\n', { flag: 'a' }),
    ],
    [
      'replaced by the run itself',
      (dir) => {
        rmSync(join(dir, 'baseline'), { recursive: true });
        cpSync(join(dir, 'artifacts'), join(dir, 'baseline/artifacts'), {
          recursive: true,
          verbatimSymlinks: true,
        });
        cpSync(join(dir, 'workspace'), join(dir, 'baseline/workspace'), {
          recursive: true,
          verbatimSymlinks: true,
        });
      },
    ],
    [
      'with a baseline of its own',
      (dir) =>
        cpSync(join(dir, 'artifacts'), join(dir, 'baseline/baseline/artifacts'), {
          recursive: true,
          verbatimSymlinks: true,
        }),
    ],
    [
      'a link to elsewhere',
      (dir) => {
        cpSync(join(dir, 'baseline'), join(space.dir, 'elsewhere'), { recursive: true, force: true });
        rmSync(join(dir, 'baseline'), { recursive: true });
        symlinkSync(join(space.dir, 'elsewhere'), join(dir, 'baseline'));
      },
    ],
  ])('%s', async (_, alter) => {
    const { failed, second } = await altered(alter);
    expect(failed).not.toEqual([]);
    expect(second).toBe(false);
  });
});

/** What every entry of a checkout is, its times included. */
function states(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { ino, mode, size, mtimeMs, ctimeMs } =
        statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
      return [name, ino, mode, size, mtimeMs, ctimeMs].join(' ');
    });
}
