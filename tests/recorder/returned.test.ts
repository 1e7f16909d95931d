/** A task's number comes round: nothing that the recorder kept of the one before may be said of the one that has it now. */
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { scratch } from '../integration/product.ts';
import { compiled, type Program } from './compiled.ts';

const space = await scratch();
afterAll(() => space.remove());

/** @returns what it says, and its exit code */
async function returned(change?: Program['change']): Promise<{ said: string; exitCode: number | undefined }> {
  const tag = `proofbox-test-returned-${process.pid}`;
  const built = await compiled(space.dir, {
    source: 'returned.c',
    units: ['caller.c', 'json.c', 'judge.c'],
    tag,
    ...(change === undefined ? {} : { change }),
  });
  expect(built).toMatch(/Successfully built/);
  try {
    // To choose a number takes a right that no cage has; by chance it takes as many forks as there are numbers.
    const right = ['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined'];
    const args = ['run', '--rm', '--init', '--network', 'none', ...right, tag, '/fuzz/fuzz'];
    const { all, exitCode } = await execa('docker', args, { all: true, reject: false });
    return { said: all, exitCode };
  } finally {
    await execa('docker', ['rmi', tag]);
  }
}

test('R8: a task whose number was another one before is told by its own memory, folder and program', async () => {
  expect(await returned()).toEqual({ said: '60 numbers came back', exitCode: 0 });
}, 300_000);

test.each([
  [
    'a task that is never asked whether it is the same',
    'if (s->tid != tid || !still_the_same(c, s, dir)) {',
    'if (s->tid != tid) {',
  ],
  [
    'a task that is believed to live',
    'return s->check > 0 && pread(s->check, text, sizeof text, 0) > 0;',
    'return true;',
  ],
  ['a folder that cannot be read', 'if (dir == AT_FDCWD) return false;', 'return true;'],
  ['a descriptor that cannot be read', 'if (c->base_known) return true;', 'return true;'],
  [
    'a program that is kept',
    "  s->exe[0] = '\\0';\n}\n\nstatic bool slot_open",
    '}\n\nstatic bool slot_open',
  ],
  ['memory that is kept', 'forget_program(s);\n  close_kept(&s->check);', 'close_kept(&s->check);'],
])(
  'the control: %s is found',
  async (_, from, to) => {
    const { said, exitCode } = await returned({ file: 'caller.c', from, to });
    expect(said).toMatch(/the recorder says|AddressSanitizer/);
    expect(exitCode).not.toBe(0);
  },
  300_000,
);
