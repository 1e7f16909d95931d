import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withBill } from '../../src/docker/bill-of-materials.ts';
import { sandboxImage } from '../../src/docker/images.ts';
import { engineByName } from '../../src/engines/index.ts';
import type { WriteRecord } from '../../src/schema/recorder.ts';
import type { Report } from '../../src/schema/report.ts';
import { decodeBytes } from '../../src/witness/bytes.ts';
import { lane } from '../integration/lane-runner.ts';
import { scratch } from '../integration/product.ts';

const space = await scratch();
const docker = new Docker();
const NAME = `proofbox-test-strace:${process.pid}`;
let artifacts: string;
let report: Report;

/** The sandbox with strace in it: an observer that knows nothing of the recorder. */
async function imageWithStrace() {
  const base = await sandboxImage(docker);
  const dockerfile = [
    `FROM ${base.reference}`,
    'RUN mkdir -p /artifacts/backend/tmp && chmod 1777 /artifacts/backend/tmp && apt-get update && apt-get install -y --no-install-recommends strace',
    'RUN rm -rf /artifacts/backend',
  ].join('\n');
  await execa('docker', ['build', '-q', '--force-rm', '-t', NAME, '-'], { input: dockerfile });
  const found = await docker.getImage(NAME).inspect();
  return { reference: NAME, digest: found.Id, config: found.Config };
}

beforeAll(async () => {
  const fixture = join(space.dir, 'tools');
  mkdirSync(join(fixture, 'workspace'), { recursive: true });
  cpSync(join(import.meta.dirname, 'tools/work.sh'), join(fixture, 'workspace/work.sh'));
  writeFileSync(
    join(fixture, 'fixture.json'),
    JSON.stringify({
      schema: 'proofbox.fixture/v1',
      id: 'tools',
      title: 'Real tools',
      task: 'Work.',
      allowed_files: ['**', '**/.*'],
      test_command: ['true'],
      git: false,
      // Folders of the work itself: no file of theirs is a result.
      engine_state: ['proj/.git/', 'x/proj/.git/'],
      expect: { status: 'passed' },
    }),
  );
  const calls = ['%file', '%desc', '%net'].map((group) => group).join(',');
  const { report: found, directory } = await lane(space.dir, fixture, {
    docker,
    image: await withBill(docker, await imageWithStrace()),
    engine: engineByName('command'),
    commandArgv: [
      'strace',
      '-f',
      '-qq',
      '-s',
      '4096',
      '-x',
      '-e',
      `trace=${calls}`,
      '-e',
      'signal=none',
      '-o',
      '/artifacts/backend/strace.log',
      'sh',
      'work.sh',
    ],
    limits: { timeout_ms: 180_000 },
  });
  report = found;
  artifacts = join(directory, 'artifacts');
}, 300_000);

afterAll(async () => {
  await docker
    .getImage(NAME)
    .remove({ force: true })
    .catch(() => undefined);
  await space.remove();
});

const TWO = new Set(['rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink', 'symlinkat']);
const BY_DESCRIPTOR = new Set(['fchmod', 'fchown', 'fsetxattr', 'fremovexattr', 'ioctl']);
const CHANGING =
  /^(open|openat|openat2|creat|rename|renameat|renameat2|link|linkat|symlink|symlinkat|mkdir|mkdirat|mknod|mknodat|unlink|unlinkat|rmdir|chmod|fchmodat|fchmodat2|fchmod|chown|lchown|fchownat|fchown|utime|utimes|futimesat|utimensat|truncate|setxattr|lsetxattr|fsetxattr|removexattr|lremovexattr|fremovexattr|bind)$/;

/** What strace saw that could change a file system: call and paths. A call that was restarted is one call. */
function traced(): string[] {
  const seen: string[] = [];
  const withdrawn = new Map<string, string>();
  const text = decodeBytes(readFileSync(join(artifacts, 'backend/strace.log')));
  for (const line of text.split('\n')) {
    const [, pid = '', name = '', rest = ''] = /^(\d+)\s+(\w+)\((.*)$/.exec(line) ?? [];
    if (!CHANGING.test(name)) continue;
    if (name.startsWith('open') && !/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE/.test(rest)) continue;
    if (name.startsWith('open') && /O_PATH/.test(rest)) continue;
    if (name === 'bind' && !rest.includes('AF_UNIX')) continue;
    const strings = [...rest.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, found = '']) => unquoted(found));
    const key = JSON.stringify([
      name,
      ...(BY_DESCRIPTOR.has(name) ? [] : strings.slice(0, TWO.has(name) ? 2 : 1)),
    ]);
    if (withdrawn.get(pid) === key) withdrawn.delete(pid);
    else seen.push(key);
    if (/= \? ERESTART/.test(rest)) withdrawn.set(pid, key);
  }
  return seen;
}

function unquoted(text: string): string {
  const bytes = text.replace(/\\x([0-9a-f]{2})|\\(.)/g, (_, hex, one) =>
    hex !== undefined
      ? String.fromCharCode(Number.parseInt(hex, 16))
      : ({ n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' }[one as string] ?? one),
  );
  return decodeBytes(Buffer.from(bytes, 'latin1'));
}

function recorded(): string[] {
  return readFileSync(join(artifacts, 'writes.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as WriteRecord)
    .filter(
      ({ exe, syscall, reason }) => !exe.endsWith('/strace') && syscall !== 'ioctl' && reason !== 'io_uring',
    )
    .map(({ syscall, path, path2 }) => {
      if (BY_DESCRIPTOR.has(syscall)) return JSON.stringify([syscall]);
      if (path2 === undefined)
        return JSON.stringify([syscall, ...(syscall === 'utimensat' && path === '' ? [] : [path])]);
      return JSON.stringify(syscall.startsWith('symlink') ? [syscall, path2, path] : [syscall, path, path2]);
    });
}

/** What stands in one list more often than in the other. */
function surplus(of: string[], over: string[]): string[] {
  const counts = new Map<string, number>();
  for (const key of over) counts.set(key, (counts.get(key) ?? 0) + 1);
  return of.filter((key) => {
    const left = counts.get(key) ?? 0;
    counts.set(key, left - 1);
    return left <= 0;
  });
}

describe('git, tar, npm, make, patch, sed, sqlite, multiprocessing, node under strace and recorder at once', () => {
  test('no benign tool breaks, and every change it made is explained', () => {
    expect(report.blockers).toEqual([]);
    expect(report.status).toBe('passed');
    expect(readFileSync(join(artifacts, 'backend/stdout.log'), 'utf8').trim().split('\n').at(-1)).toBe('ok');
  });

  test('P8: the recorder missed nothing that strace saw, and invented nothing', () => {
    const [strace, recorder] = [traced(), recorded()];
    expect(strace.length).toBeGreaterThan(1500);
    expect(surplus(strace, recorder)).toEqual([]);
    expect(surplus(recorder, strace)).toEqual([]);
  });
});
