import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { hasInt80 } from '../conventions.ts';
import { type Bundle, run, runPython, runShell, scratch } from '../integration/product.ts';

const FIXTURE = join(PACKAGE_ROOT, 'tests/recorder/fixture');
const space = await scratch();
afterAll(() => space.remove());

const python = (script: string, ...args: string[]) =>
  run(space.dir, [FIXTURE, '--engine', 'command', '--', 'python3', '-I', script, ...args]);

describe('attacks on PID 1', () => {
  let bundle: Bundle;
  let results: Record<string, string>;
  beforeAll(async () => {
    bundle = await python('attacks.py');
    results = await bundle.json('backend/stdout.log');
  });

  test('the recorder outlives every signal and accounts for the whole run', () => {
    expect(bundle.report.recorder.coverage).toBe('complete');
    expect(Object.keys(results).filter((name) => name.startsWith('kill'))).toHaveLength(6);
  });

  test.each([
    ['read /proc/1/mem', 'EACCES'],
    ['read /proc/1/environ', 'EACCES'],
    ['read /proc/1/maps', 'EACCES'],
    ['read /proc/1/fd/0', 'EACCES'],
    ['read /proc/1/fd/1', 'EACCES'],
    ['list /proc/1/fd', 'EACCES'],
    ['write /proc/1/mem', 'EROFS'],
    ['write /proc/1/oom_score_adj', 'EROFS'],
    ['ptrace attach', 'EPERM'],
    ['ptrace seize', 'EPERM'],
    ['pidfd_open', 'EPERM'],
    ['process_vm_readv', 'EPERM'],
    ['process_vm_writev', 'EPERM'],
    ['prlimit64 1', 'EPERM'],
    ['prlimit64 4294967297', 'EPERM'],
    ['setpriority 1', 'EPERM'],
    ['setpriority 4294967297', 'EPERM'],
    ['sched_setaffinity 1', 'EPERM'],
    ['sched_setaffinity 4294967297', 'EPERM'],
    ['sched_setscheduler 1', 'EPERM'],
    ['ioprio_set 1', 'EPERM'],
    ['setpriority group', 'EPERM'],
    ['setpriority user', 'EPERM'],
    ['ioprio_set user', 'EPERM'],
    ['userfaultfd', 'EPERM'],
    ['second listener', 'EBUSY'],
    ['int 0x80 mkdir', hasInt80() ? 'ENOSYS' : 'SIGSEGV'],
    ['x32 mkdir', 'ENOSYS'],
    ['unshare user', 'EPERM'],
    ['unshare mount', 'EPERM'],
    ['clone new user', 'EPERM'],
    ['chroot', 'EPERM'],
    ['mount', 'EPERM'],
    ['bpf', 'EPERM'],
    ['open_by_handle_at', 'EPERM'],
    ['write while unreadable', 'EROFS'],
  ])('%s is refused with %s', (name, error) => {
    expect(results[name]).toBe(error);
  });

  test('what a benign program may do still works: an own filter, a write once it is readable', () => {
    expect(results['own filter']).toBe('done');
    expect(results['write while readable']).toBe('done');
  });

  test('calls of a foreign ABI and of an unreadable caller are recorded as refused', async () => {
    const writes = await bundle.writes();
    const refused = writes
      .filter((write) => write.verdict === 'denied')
      .map((write) => `${write.syscall} ${write.reason ?? ''}`);
    expect(refused.includes('i386:mkdir foreign_abi')).toBe(hasInt80());
    expect(refused).toContain('x32:mkdir foreign_abi');
    expect(refused).toContain('openat unreadable');
  });
});

test('stragglers that daemonize are ended with the engine and write nothing afterwards', async () => {
  const bundle = await python('stragglers.py');
  const end = (await bundle.cage()).engine?.end;
  expect(end?.stragglers).toBeGreaterThanOrEqual(3);
  expect(bundle.report.recorder.coverage).toBe('complete');
  expect(end?.exit_code).toBe(0);
});

test('under two threads at full rate every attempt that was made is recorded', async () => {
  const bundle = await python('threads.py', '20000');
  const writes = await bundle.writes();
  expect(writes.filter((write) => write.resolved === '/workspace/one')).toHaveLength(20_000);
  expect(writes.filter((write) => write.resolved === '/workspace/two')).toHaveLength(20_000);
  expect(bundle.report.recorder.coverage).toBe('complete');
});

test('a program that signals itself all the time has each call recorded once', async () => {
  const script = `
import os, signal
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for i in range(3000): os.close(os.open(f'/workspace/f{i}', os.O_WRONLY | os.O_CREAT))
signal.setitimer(signal.ITIMER_REAL, 0)
`;
  const bundle = await runPython(space.dir, FIXTURE, script);
  const paths = (await bundle.writes())
    .filter((write) => /\/f[0-9]+$/.test(write.resolved))
    .map((write) => write.resolved);
  expect(paths).toHaveLength(3000);
  expect(new Set(paths).size).toBe(3000);
});

test('programs are recorded with parent and arguments, a memory file by its name', async () => {
  const script = `
import os
fd = os.memfd_create('hidden')
os.write(fd, open('/bin/true', 'rb').read())
if os.fork() == 0: os.execve(fd, ['hidden-true', 'argument'], {})
os.wait()
`;
  const bundle = await runPython(space.dir, FIXTURE, script);
  const programs = (await bundle.programs()).filter((program) => program.verdict === 'allowed');
  expect(programs[0]).toMatchObject({
    resolved: '/usr/bin/python3.11',
    argv: ['python3', '-c', script],
    ppid: 1,
  });
  const hidden = programs.find((program) => program.argv[0] === 'hidden-true');
  expect(hidden).toMatchObject({
    syscall: 'execveat',
    resolved: '/memfd:hidden (deleted)',
    argv: ['hidden-true', 'argument'],
  });
});

describe('what the recorder keeps of a task from stop to stop', () => {
  test('a program is read in its own memory, though the one that started it shared its memory until then', async () => {
    const script = `
import os, subprocess
for i in range(600):
    # Python starts it as vfork does: until its exec the child has the memory of this program, which goes on living.
    subprocess.run(['/bin/sh', '-c', f': > /workspace/made-{i}; cd /artifacts/backend; : > made-{i}'], check=True, close_fds=False)
    os.close(os.open(f'/workspace/parent-{i}', os.O_WRONLY | os.O_CREAT))
`;
    const bundle = await runPython(space.dir, FIXTURE, script);
    const seen = (await bundle.writes()).map(({ exe, resolved }) => `${exe} ${resolved}`);
    const expected = [...Array(600).keys()].flatMap((i) => [
      `/usr/bin/dash /workspace/made-${i}`,
      `/usr/bin/dash /artifacts/backend/made-${i}`,
      `/usr/bin/python3.11 /workspace/parent-${i}`,
    ]);
    const known = new Set(seen);
    expect(expected.filter((one) => !known.has(one))).toEqual([]);
    expect(bundle.report.recorder.coverage).toBe('complete');
  }, 120_000);

  test('a thread that starts a program takes the number of another thread, which was stopping all the time', async () => {
    const script = `
import os, threading, time
for n in range(20):
    pid = os.fork()
    if pid == 0:
        go = 'for i in 1 2 3 4 5; do : > /workspace/after-%d-$i; done' % n
        threading.Thread(target=lambda: (time.sleep(0.01), os.execv('/bin/sh', ['sh', '-c', go]))).start()
        # The leader keeps its number busy until it is no longer its own.
        for i in range(10**9): os.close(os.open(f'/workspace/leader-{n}', os.O_WRONLY | os.O_CREAT))
    os.waitpid(pid, 0)
`;
    const bundle = await runPython(space.dir, FIXTURE, script);
    const writes = await bundle.writes();
    const after = writes.filter(({ resolved }) => resolved.includes('/after-'));
    expect(new Set(after.map(({ exe, resolved }) => `${exe} ${resolved}`))).toEqual(
      new Set(
        [...Array(20).keys()].flatMap((n) =>
          [1, 2, 3, 4, 5].map((i) => `/usr/bin/dash /workspace/after-${n}-${i}`),
        ),
      ),
    );
    expect(writes.some(({ resolved }) => resolved.includes('/leader-'))).toBe(true);
    expect(writes.filter(({ reason }) => reason !== undefined)).toEqual([]);
    expect(bundle.report.recorder.coverage).toBe('complete');
  }, 120_000);

  test('a program that gives itself another name is recorded by the new one', async () => {
    const script =
      'cp /bin/sh before; ./before -c ": > first; mv before after; : > second; cd /artifacts; : > backend/third"';
    const bundle = await runShell(space.dir, FIXTURE, script);
    const by = Object.fromEntries((await bundle.writes()).map(({ exe, resolved }) => [resolved, exe]));
    expect(by['/workspace/first']).toBe('/workspace/before');
    expect(by['/workspace/second']).toBe('/workspace/after');
    expect(by['/artifacts/backend/third']).toBe('/workspace/after');
  });
});

test('a program that is not there is refused by the recorder, so that none can have been started', async () => {
  const bundle = await runShell(space.dir, FIXTURE, '/workspace/no-such-program; true');
  const refused = (await bundle.programs()).find((program) => program.path === '/workspace/no-such-program');
  expect(refused).toMatchObject({
    verdict: 'denied',
    errno: 'ENOENT',
    resolved: '/workspace/no-such-program',
  });
});

test('R6: with --record reads a failed look outside the roots is recorded, a successful one is not', async () => {
  const bundle = await runShell(
    space.dir,
    FIXTURE,
    'cat /etc/passwd /etc/shadow /srv/secret; cat calls.py > /dev/null; true',
    ['--record', 'reads'],
  );
  const reads = (await bundle.writes()).filter((write) => write.access === 'read');
  const seen = reads.map((read) => [read.resolved, read.errno]);
  expect(seen).toContainEqual(['/etc/shadow', 'EACCES']);
  expect(seen).toContainEqual(['/srv/secret', 'ENOENT']);
  expect(reads.map((read) => read.resolved)).not.toContain('/etc/passwd');
  expect(reads.map((read) => read.resolved)).not.toContain('/workspace/calls.py');
  expect(bundle.report.recorder.coverage).toBe('complete');
});

test('the recorder sleeps beside an engine that has closed what it could print to', async () => {
  const ticks = "cut -d ' ' -f 14,15 /proc/1/stat";
  const bundle = await runShell(
    space.dir,
    'py-interval',
    `exec >&- 2>&-; before=$(${ticks}); sleep 3; echo $before $(${ticks}) >/workspace/ticks`,
  );
  const text = readFileSync(join(bundle.artifacts, '../workspace/ticks'), 'utf8');
  const [user = 0, system = 0, userAfter = 0, systemAfter = 0] = text.trim().split(' ').map(Number);
  // Three seconds are three hundred; a recorder that asks again and again uses them up.
  expect(userAfter + systemAfter - user - system).toBeLessThan(100);
  expect(bundle.report.recorder.coverage).toBe('complete');
});
