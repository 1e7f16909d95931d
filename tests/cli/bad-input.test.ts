import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { proofbox, scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());

/** A copy of a sound fixture with some keys of its fixture.json replaced. */
function fixtureWith(changes: Record<string, unknown>): string {
  const dir = mkdtempSync(join(space.dir, 'fixture-'));
  cpSync(join(FIXTURES_DIR, 'py-interval'), dir, { recursive: true });
  const text = execFileSync('cat', [join(dir, 'fixture.json')], { encoding: 'utf8' });
  writeFileSync(join(dir, 'fixture.json'), JSON.stringify({ ...(JSON.parse(text) as object), ...changes }));
  return dir;
}

function file(name: string, text: string): string {
  const path = join(space.dir, name);
  writeFileSync(path, text);
  return path;
}

async function refused(args: string[], cwd = space.dir): Promise<string> {
  const outcome = await proofbox(args, { cwd });
  expect(outcome.exitCode, outcome.stderr).toBe(2);
  expect(outcome.stdout).toBe('');
  const lines = outcome.stderr.split('\n').filter((line) => line.startsWith('error:'));
  expect(lines, outcome.stderr).toHaveLength(1);
  expect(existsSync(join(cwd, 'runs'))).toBe(false);
  return outcome.stderr;
}

describe('bad input: exit code 2, one sentence that names the place, nothing started', () => {
  test('no such fixture: the ones there are', async () => {
    expect(await refused(['run', 'no-such-fixture'])).toMatch(/no-such-fixture does not exist; .*js-slugify/);
  });
  test('a fixture path that does not exist', async () => {
    expect(await refused(['run', './nowhere'])).toMatch(/nowhere does not exist/);
  });
  test('a fixture that is a symbolic link', async () => {
    symlinkSync(join(FIXTURES_DIR, 'py-interval'), join(space.dir, 'linked'));
    expect(await refused(['run', './linked'])).toMatch(/is a symbolic link/);
  });
  test('a workspace that is a symbolic link', async () => {
    const dir = fixtureWith({ workspace: 'elsewhere' });
    symlinkSync('/etc', join(dir, 'elsewhere'));
    expect(await refused(['run', dir])).toMatch(/workspace elsewhere .* is a symbolic link/);
  });
  test('a fixture.json that is not JSON', async () => {
    const dir = fixtureWith({});
    writeFileSync(join(dir, 'fixture.json'), '{"schema": ');
    expect(await refused(['run', dir])).toMatch(/fixture\.json is not JSON/);
  });
  test('a fixture.json of 2 GB', async () => {
    const dir = fixtureWith({});
    truncateSync(join(dir, 'fixture.json'), 2 * 1024 ** 3);
    expect(await refused(['run', dir])).toMatch(/has 2147483648 bytes/);
  });
  test('a fixture.json that is a FIFO does not hang', async () => {
    const dir = fixtureWith({});
    execFileSync('sh', ['-c', 'rm "$1" && mkfifo "$1"', 'sh', join(dir, 'fixture.json')]);
    expect(await refused(['run', dir])).toMatch(/is not a regular file/);
  });
  test('an unknown key', async () => {
    expect(await refused(['run', fixtureWith({ allowed_file: ['x'] })])).toMatch(/allowed_file/);
  });
  test.each([
    [['../outside/**'], /allowed_files\[0\]: must not leave the workspace/],
    [['/etc/passwd'], /allowed_files\[0\]: must be relative/],
    [['.git/config'], /allowed_files\[0\]: must not name \.git/],
    [['src/**', 'a/../../b'], /allowed_files\[1\]: must not leave/],
    [[], /allowed_files/],
  ])('allowed_files %j', async (allowed_files, message) => {
    expect(await refused(['run', fixtureWith({ allowed_files })])).toMatch(message);
  });
  test.each([[[]], [['']], [['  ', 'x']]])('an empty test command %j', async (test_command) => {
    expect(await refused(['run', fixtureWith({ test_command })])).toMatch(/test_command/);
  });
  test('a limit out of range', async () => {
    expect(await refused(['run', fixtureWith({ limits: { pids: 0 } })])).toMatch(/limits\.pids/);
  });
  test('a fixture whose workspace holds a link that points outside', async () => {
    const dir = fixtureWith({});
    symlinkSync('/etc/passwd', join(dir, 'workspace/password-list'));
    expect(await refused(['run', dir])).toMatch(/password-list/);
  });
  test('a contract file that does not exist', async () => {
    expect(await refused(['run', 'py-interval', '--contract', 'absent.json'])).toMatch(
      /contract absent\.json does not exist/,
    );
  });
  test('a contract file with an unknown key', async () => {
    const path = file('contract.json', '{"taks": "x"}');
    expect(await refused(['run', 'py-interval', '--contract', path])).toMatch(/taks/);
  });
  test('--out into an existing run', async () => {
    const out = join(space.dir, 'existing');
    mkdirSync(join(out, 'artifacts'), { recursive: true });
    expect(await refused(['run', 'py-interval', '--out', out])).toMatch(/existing is not empty/);
  });
  test('--out onto a symbolic link', async () => {
    symlinkSync('/tmp', join(space.dir, 'out-link'));
    expect(await refused(['run', 'py-interval', '--out', join(space.dir, 'out-link')])).toMatch(
      /is a symbolic link/,
    );
  });
  test('--out with a colon, which no bind mount can name', async () => {
    expect(await refused(['run', 'py-interval', '--out', join(space.dir, 'a:b')])).toMatch(/colon/);
  });
  test('--out below a file', async () => {
    const path = file('plain-file', '');
    expect(await refused(['run', 'py-interval', '--out', join(path, 'run')])).toMatch(/cannot be written/);
  });
  test('--forbid of an unknown kind: the kinds there are', async () => {
    expect(await refused(['run', 'py-interval', '--forbid', 'secret=/etc'])).toMatch(
      /secret is no kind .*target_repository/,
    );
  });
  test('--forbid of a path that does not exist', async () => {
    expect(await refused(['run', 'py-interval', '--forbid', '/no/such/place'])).toMatch(/does not exist/);
  });
  test('--forbid of the whole host', async () => {
    expect(await refused(['run', 'py-interval', '--forbid', '/'])).toMatch(/too short/);
  });
  test('R9: --forbid that contains the run directory, also through a link', async () => {
    const real = join(space.dir, 'target');
    mkdirSync(real);
    symlinkSync(real, join(space.dir, 'target-link'));
    const out = join(real, 'runs-here/one');
    const message = await refused([
      'run',
      'py-interval',
      '--forbid',
      join(space.dir, 'target-link'),
      '--out',
      out,
    ]);
    expect(message).toMatch(/lie in one another/);
  });
  test('a config that is not JSON, and one with an unknown key', async () => {
    const dir = join(space.dir, 'with-config');
    mkdirSync(dir);
    writeFileSync(join(dir, 'proofbox.config.json'), 'forbidden: yes');
    expect(await refused(['run', 'py-interval'], dir)).toMatch(/proofbox\.config\.json is not JSON/);
    writeFileSync(join(dir, 'proofbox.config.json'), '{"gates": {"CTO_HARNESS_ALLOW_CASE": "1"}}');
    expect(await refused(['run', 'py-interval'], dir)).toMatch(/gates/);
  });
  test.each([
    [['run']],
    [['run', 'py-interval', '--no-such-flag']],
    [['run', 'py-interval', '--timeout', 'soon']],
    [['run', 'py-interval', '--memory', '-1']],
    [['run', 'py-interval', '--cpus', '0']],
    [['run', 'py-interval', '--engine', 'gpt']],
    [['run', 'py-interval', '--engine', 'command']],
    [['run', 'py-interval', '--', 'true']],
    [['run', 'py-interval', '--provider', 'localhost']],
    [['run', 'py-interval', '--provider', 'replay:nowhere']],
    [['no-such-command']],
    [['report', 'nowhere']],
  ])('%j', async (args) => {
    await refused(args);
  });
});

test('with --json an error is one JSON document with code, message, fix and exit code', async () => {
  const outcome = await proofbox(['run', 'no-such-fixture', '--json']);
  expect(outcome.exitCode).toBe(2);
  expect(JSON.parse(outcome.stdout)).toMatchObject({ error: { code: 'invalid_input', exit_code: 2 } });
});

test('exit code 4 with the fix where no engine answers', async () => {
  const outcome = await proofbox(['run', 'py-interval'], { env: { DOCKER_HOST: 'unix:///no/such/socket' } });
  expect(outcome.exitCode).toBe(4);
  expect(outcome.stderr).toMatch(/no container engine answers .*no such socket/);
});

test('exit code 4 for a runtime that the engine does not have', async () => {
  const out = join(space.dir, 'no-runtime');
  const outcome = await proofbox(['run', 'py-interval', '--runtime', 'nope', '--out', out]);
  expect(outcome.exitCode).toBe(4);
  expect(outcome.stderr).toMatch(/no runtime "nope"; use one of .*runc/);
  expect(existsSync(out)).toBe(false);
});

describe('a runs folder that cannot be written', () => {
  let locked: string;
  beforeAll(() => {
    locked = join(space.dir, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o500);
  });
  // Root may write anywhere that is not read-only itself, so it gets a place that is.
  test('exit code 2 and one sentence', async () => {
    const out = process.getuid?.() === 0 ? '/proc/proofbox-run' : join(locked, 'run');
    expect(await refused(['run', 'py-interval', '--out', out])).toMatch(/cannot be written/);
  });
});
