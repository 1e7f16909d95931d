/**
 * What the kernel as a witness is worth: recorders that miss something, and what it then says. In every case the same program
 * under the recorder as it is leaves it nothing to say.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { hasInt80 } from '../conventions.ts';
import { type Bundle, scratch } from '../integration/product.ts';
import { type Entry, play } from './corpus.ts';
import { Mutants } from './defences/mutants.ts';
import { DEFENCES, type Defence } from './defences/table.ts';
import { KernelAccount, kernelOrReason, stopsIn } from './kernel/account.ts';
import { WATCHED } from './kernel/calls.ts';
import { allowedBy, compareCalls, compareEffects } from './kernel/judge.ts';
import { type Seen, Witness } from './kernel/witness.ts';

const space = await scratch();
mkdirSync(join(space.dir, 'mutants'));
const mutants = new Mutants(join(space.dir, 'mutants'));
const reason = typeof kernelOrReason === 'string' ? kernelOrReason : null;

const MAKES_FOLDERS = ['sh', '-c', 'mkdir /workspace/one /workspace/two; echo text > /workspace/one/file'];

/** x32 has one bit more in its numbers; this kernel may not have it, and is asked all the same. */
const FOREIGN = [
  'python3',
  '-c',
  'import ctypes; ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 + 83), b"/workspace/x32", 0o700)',
];

/** EXT4_IOC_SETVERSION, for which a descriptor opened for reading is enough. */
const COMMAND = [
  'python3',
  '-c',
  'import ctypes, os; ctypes.CDLL(None).ioctl(os.open("/workspace/README.md", os.O_RDONLY), ctypes.c_ulong(0x40086604), ctypes.byref(ctypes.c_long(7)))',
];

/** Makes a folder without any call that makes folders: the kernel does it on behalf of a ring. */
const RING = [
  'python3',
  '-c',
  `
import ctypes, mmap, struct
libc = ctypes.CDLL(None, use_errno=True)
parameters = ctypes.create_string_buffer(120)
ring = libc.syscall(425, 4, parameters)
if ring >= 0:
    entries, _, _, _, _, _, features = struct.unpack_from("<7I", parameters)
    head, tail, mask, _, flags, dropped, array = struct.unpack_from("<7I", parameters, 40)
    queue = mmap.mmap(ring, array + 4 * entries, offset=0)
    slots = mmap.mmap(ring, 64 * entries, offset=0x10000000)
    path = ctypes.create_string_buffer(b"/workspace/by-ring")
    slots[0:64] = struct.pack("<BBHiQQIIQ24x", 37, 0, 0, -100, 0, ctypes.addressof(path), 0o700, 0, 1)
    queue[array:array + 4] = struct.pack("<I", 0)
    queue[tail:tail + 4] = struct.pack("<I", 1)
    print("entered", libc.syscall(426, ring, 1, 1, 1, 0, 0))
`,
];

/** Every number there is, by three conventions, and every command of ioctl that file systems have. */
const SWEEP = ['python3', '-c', readFileSync(join(import.meta.dirname, 'kernel/sweep.py'), 'utf8')];

const withId = (id: string): Defence => {
  const found = DEFENCES.find((defence) => defence.id === id);
  if (found === undefined) throw new Error(`there is no defence ${id}`);
  return found;
};

const WITHOUT = {
  mkdir: [withId('call-mkdir')],
  foreign: [
    {
      id: 'other-conventions-pass',
      what: 'calls of another convention go on',
      edits: [
        {
          file: 'images/recorder/filter.c',
          from: 'SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_NOTIFY',
          to: 'SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW',
        },
      ],
    },
  ],
  command: [
    {
      id: 'command-of-ext4-passes',
      what: 'a command of ext4 is taken for one that only reads',
      edits: [{ file: 'images/recorder/calls.c', from: 'FICLONERANGE}', to: 'FICLONERANGE, 0x40086604}' }],
    },
  ],
  // Old profiles of container engines refuse calls that they do not know yet.
  profile: [withId('engine-profile')],
  // Newer profiles of container engines refuse it as well, so that this one's goes too.
  ring: ['engine-profile', 'call-io_uring_setup', 'call-io_uring_enter', 'call-io_uring_register'].map(
    withId,
  ),
} satisfies Record<string, Defence[]>;

const entry = (name: string, program: string[]): Entry => ({
  name,
  attempts: '',
  blockers: [],
  others: true,
  refused: null,
  recorded: null,
  says: null,
  neverSays: null,
  event: null,
  never: null,
  remark: null,
  flags: [],
  program,
});

interface Played {
  bundle: Bundle;
  seen: Seen;
  stops: Set<string>;
  allowed: Map<string, number>;
}
const whole = new Map<string, Played>();
const broken = new Map<string, Played>();
const sweeps: Played[] = [];

async function played(bundle: Bundle, cage: (id: string) => Seen): Promise<Played> {
  const { engine } = await bundle.cage();
  if (engine === null) throw new Error('there was no cage');
  const allowed = allowedBy(await bundle.writes(), await bundle.programs());
  return { bundle, seen: cage(engine.container_id), stops: stopsIn(engine), allowed };
}

const PLAYS = { mkdir: MAKES_FOLDERS, foreign: FOREIGN, command: COMMAND, ring: RING } as const;

beforeAll(async () => {
  if (typeof kernelOrReason === 'string') return;
  const { Arch } = await new Docker().version();
  await mutants.build(Arch, Object.values(WITHOUT));
  const witness = await Witness.start(kernelOrReason);
  try {
    const bundles = new Map<string, [Bundle, Bundle]>();
    for (const [name, program] of Object.entries(PLAYS)) {
      const main = mutants.make(WITHOUT[name as keyof typeof WITHOUT]);
      const attack = entry(name, [...program]);
      bundles.set(name, [await play(space.dir, attack), await play(space.dir, attack, { main })]);
    }
    const attack = entry('sweep', SWEEP);
    const main = mutants.make(WITHOUT.profile);
    const swept = [await play(space.dir, attack), await play(space.dir, attack, { main })] as const;
    const { cage } = await witness.stop();
    for (const [name, [ours, theirs]] of bundles) {
      whole.set(name, await played(ours, cage));
      broken.set(name, await played(theirs, cage));
    }
    sweeps.push(await played(swept[0], cage), await played(swept[1], cage));
  } finally {
    await witness.abandon();
  }
}, 300_000);

afterAll(async () => {
  await mutants.remove();
  await space.remove();
});

const of = (plays: Map<string, Played>, name: keyof typeof PLAYS): Played => {
  const found = plays.get(name);
  if (found === undefined) throw new Error(`${name} was not played`);
  return found;
};

test('the list that was made without the table of the recorder has every call of the table', () => {
  const table = readFileSync(join(PACKAGE_ROOT, 'images/recorder/calls.c'), 'utf8');
  const names = [...table.matchAll(/^ {4}(?:CALL|CALL_NR|PATH1|FD1|REFUSE|REFUSE_NR)\((\w+),/gm)].map(
    ([, name = '']) => name,
  );
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !WATCHED.has(name))).toEqual([]);
});

describe.skipIf(reason !== null)(
  `what the kernel says of recorders that miss something${reason === null ? '' : ` (not looked at: ${reason})`}`,
  () => {
    test.each(Object.keys(PLAYS) as (keyof typeof PLAYS)[])('nothing of the one as it is: %s', (name) => {
      const { seen, stops, allowed } = of(whole, name);
      expect(compareCalls(seen, allowed)).toMatchObject({ problems: [], unexecuted: 0 });
      expect(compareEffects(seen, stops)).toEqual([]);
    });

    test('a call that does not stop is named, and so is what it did', () => {
      const { seen, stops, allowed } = of(broken, 'mkdir');
      expect(compareCalls(seen, allowed).problems).toEqual(['2 times mkdir, of which 0 are on record']);
      expect(compareEffects(seen, stops)).toContain('2 times journal 4 by mkdir');
    });

    test('a record that is missing among others is missed', () => {
      const { seen, bundle } = of(whole, 'mkdir');
      expect(bundle.report.writes.workspace.allowed).toBe(3);
      const allowed = new Map([...of(whole, 'mkdir').allowed, ['mkdir', 1]]);
      expect(compareCalls(seen, allowed).problems).toEqual(['2 times mkdir, of which 1 are on record']);
    });

    test('a call of another convention is named', () => {
      const { seen, allowed } = of(broken, 'foreign');
      expect(compareCalls(seen, allowed).problems).toEqual([
        `1 times a call of another convention: ${0x40000000 + 83}`,
      ]);
    });

    test('a command of ioctl that is not on record is named', () => {
      const { seen, allowed } = of(broken, 'command');
      expect(compareCalls(seen, allowed).problems).toEqual(['1 times ioctl, of which 0 are on record']);
    });

    test('a folder that was made by no call that makes folders is found', () => {
      const { seen, stops, allowed, bundle } = of(broken, 'ring');
      expect(bundle.report.changed_files.map(({ path }) => path)).toContain('by-ring');
      expect(allowed.get('mkdir')).toBeUndefined();
      expect(compareCalls(seen, allowed).problems).toContain('1 times io_uring_enter, which nobody may');
      // The kernel's own worker did it, a thread of the caller's that makes no call.
      expect(compareEffects(seen, stops)).toContain('1 times journal 4 by no call at all');
    });

    test.each([
      ['beside the profile of the container engine', 0],
      ['by the recorder alone', 1],
    ])('every number of a call, by every convention, %s: what was carried out is on record', async (_, n) => {
      const { seen, stops, allowed, bundle } = sweeps[n] as Played;
      expect((await bundle.read('backend/stdout.log')).trim().split('\n').at(-1)).toBe('swept');
      const { problems, executed, unexecuted } = compareCalls(seen, allowed);
      expect(problems).toEqual([]);
      expect(unexecuted).toBe(0);
      expect(executed).toBeGreaterThan(5000);
      expect(compareEffects(seen, stops)).toEqual([]);
      // It is known what it does: less would mean that it did not come so far, or that calls are not counted.
      expect(new Set(seen.calls.map(({ number }) => number)).size).toBeGreaterThan(250);
      const foreign = (await bundle.writes()).filter(({ reason }) => reason === 'foreign_abi');
      expect(foreign.filter(({ syscall }) => syscall.startsWith('x32:')).length).toBeGreaterThan(3000);
      if (hasInt80())
        expect(foreign.filter(({ syscall }) => syscall.startsWith('i386:')).length).toBeGreaterThan(3000);
    });

    test('a cage that was not watched does not pass for one in which nothing happened', async () => {
      const account = new KernelAccount();
      await account.begin();
      account.note('before', of(whole, 'mkdir').bundle);
      await expect(account.close()).rejects.toThrow('the kernel saw 0 first processes');
    });
  },
);
