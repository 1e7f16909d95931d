/**
 * stress-ng as the engine: made by others to trouble kernels, it makes the calls that the corpus does not think of, with
 * arguments nobody sane passes, from many processes at once.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, scratch } from '../integration/product.ts';
import { needs } from '../programs.ts';
import { KernelAccount } from './kernel/account.ts';
import { testOfKernel } from './kernel/agreement.ts';

const space = await scratch();
const kernel = new KernelAccount();
afterAll(async () => {
  await kernel.end();
  await space.remove();
});
const fixture = join(space.dir, 'stress');

/** Those that change files, name them strangely, or trouble whoever watches: processes, signals, traces, own filters. */
const STRESSORS = [
  ...[
    'access',
    'chmod',
    'chown',
    'copy-file',
    'dentry',
    'dir',
    'dirmany',
    'fallocate',
    'file-ioctl',
    'filename',
  ],
  ...['hdd', 'inode-flags', 'link', 'lockf', 'mknod', 'open', 'rename', 'symlink', 'touch', 'utime', 'xattr'],
  ...[
    'chdir',
    'clone',
    'exec',
    'fork',
    'kill',
    'mmap',
    'ptrace',
    'procfs',
    'seccomp',
    'sigsegv',
    'splice',
    'vfork',
    'zombie',
  ],
];

/** The libraries of the C library stand in the image; the others travel with the program. */
const IN_THE_IMAGE = /\/(?:ld-linux|libc\.|libm\.|libpthread\.|libdl\.|librt\.)/;

beforeAll(async () => {
  await kernel.begin();
  await needs('stress-ng');
  const { stdout: program } = await execa('sh', ['-c', 'command -v stress-ng']);
  const { stdout: libraries } = await execa('ldd', [program]);
  for (const folder of ['bin', 'lib']) mkdirSync(join(fixture, 'workspace', folder), { recursive: true });
  cpSync(program, join(fixture, 'workspace/bin/stress-ng'), { dereference: true });
  for (const [, path = ''] of libraries.matchAll(/=> (\/\S+)/g)) {
    if (!IN_THE_IMAGE.test(path))
      cpSync(path, join(fixture, 'workspace/lib', basename(path)), { dereference: true });
  }
  writeFileSync(
    join(fixture, 'fixture.json'),
    JSON.stringify({
      schema: 'proofbox.fixture/v1',
      id: 'stress',
      title: 'A program that stresses kernels',
      task: 'Leave the workspace as it is.',
      allowed_files: ['nothing'],
      test_command: ['true'],
      required_events: [],
      limits: { pids: 256 },
      fake: { steps: [] },
      expect: { status: 'failed', blockers: ['no_diff'] },
    }),
  );
});

test('R8: every call that stress-ng makes is answered and accounted for, and nothing of it gets out', async () => {
  // One that is ended between making a file and removing it leaves it where it was started: not in the workspace.
  const command =
    `cd /artifacts/backend/tmp; export LD_LIBRARY_PATH=/workspace/lib; for name in ${STRESSORS.join(' ')}; do ` +
    '/workspace/bin/stress-ng --$name 1 --timeout 1 --oomable --temp-path /artifacts/backend/tmp 2>&1; done';
  // Both verifiers hold the bundle against its records before this returns.
  const bundle = await run(space.dir, [fixture, '--engine', 'command', '--', 'sh', '-c', command]);
  kernel.note('stress-ng', bundle);
  const output = await bundle.read('backend/stdout.log');
  for (const name of STRESSORS) expect(output).toContain(`dispatching hogs: 1 ${name}`);
  const { recorder, writes } = bundle.report;
  expect(recorder.coverage).toBe('complete');
  expect(recorder.unreadable).toBe(0);
  // It is known what it does: less would mean that it did not run, or that calls are lost.
  expect(recorder.received).toBeGreaterThan(20_000);
  expect(recorder.refused).toBeGreaterThan(100);
  expect(writes.none).toMatchObject({ allowed: 0 });
  expect(bundle.report.changed_files).toEqual([]);
  expect(bundle.codes).toContain('no_diff');
  expect(bundle.codes.filter((code) => !['no_diff', 'evidence_incomplete'].includes(code))).toEqual([]);
}, 600_000);

testOfKernel(kernel);
