/** Cost against size: files in the workspace, bytes in it, and write attempts; whole runs of the product. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Growth } from '../growth.ts';
import { timed } from '../measure.ts';
import { ours } from '../peers.ts';

interface Kind {
  id: string;
  title: string;
  of: string;
  sizes: number[];
  note: string;
  /** fills the fixture's workspace */
  fill(workspace: string, size: number): Promise<void>;
  /** what the engine does beside the work that every run does */
  program(size: number): string;
}

const PER_FOLDER = 100;
const MIB = 1 << 20;
const BYTES_IN_FILES = 16;
const LIMITS = { workspace_files: 1_000_000, workspace_bytes: 8 * 1024 * MIB };

const nothing = () => 'pass';

const KINDS: Kind[] = [
  {
    id: 'files',
    title: 'a run on a workspace of so many files',
    of: 'files of 200 bytes',
    sizes: [2_000, 8_000, 32_000],
    note: 'copies, repository, three cages, digests before and after, patch and report; the engine changes one file',
    async fill(workspace, size) {
      for (let n = 0; n < size; n += 1) {
        const folder = join(workspace, 'data', String(Math.floor(n / PER_FOLDER)));
        if (n % PER_FOLDER === 0) await mkdir(folder, { recursive: true });
        await writeFile(join(folder, `${n}.txt`), `${n} `.repeat(200).slice(0, 200));
      }
    },
    program: nothing,
  },
  {
    id: 'bytes',
    title: 'a run on a workspace of so many bytes',
    of: `bytes in ${BYTES_IN_FILES} files`,
    sizes: [64 * MIB, 192 * MIB, 576 * MIB],
    note: 'as above',
    async fill(workspace, size) {
      await mkdir(join(workspace, 'data'));
      // Alike enough to be made quickly, and no two files nor two blocks of one the same.
      for (let n = 0; n < BYTES_IN_FILES && size > 0; n += 1) {
        const bytes = Buffer.alloc(size / BYTES_IN_FILES);
        for (let at = 0; at + 4 <= bytes.length; at += 4)
          bytes.writeUInt32LE((at * 2_654_435_761 + n) >>> 0, at);
        await writeFile(join(workspace, 'data', `${n}.bin`), bytes);
      }
    },
    program: nothing,
  },
  {
    id: 'attempts',
    title: 'a run whose engine makes so many write attempts',
    of: 'write attempts',
    sizes: [20_000, 80_000, 320_000],
    note: 'files opened to be written, in turn; each attempt is recorded, explained and counted',
    fill: async () => undefined,
    program: (size) => `for n in range(${size}): open(f'/workspace/scratch-{n % 50}', 'w').close()`,
  },
];

export const GROWTHS: Growth[] = KINDS.map(({ id, title, of, sizes, note, fill, program }) => ({
  ...{ id, title, of, sizes, note },
  async prepare(folder) {
    const root = join(folder, `growth-${id}`);
    const fixture = (size: number) => join(root, `fixture-${size}`);
    for (const size of [0, ...sizes]) {
      const workspace = join(fixture(size), 'workspace');
      await mkdir(workspace, { recursive: true });
      await writeFile(join(workspace, 'touched'), 'before\n');
      await fill(workspace, size);
      await writeFile(join(fixture(size), 'fixture.json'), JSON.stringify(description(id)));
    }
    return {
      async once(size, round) {
        const out = join(root, `run-${size}-${round}`);
        const code = `${program(size)}\nopen('/workspace/touched', 'w').write('after')`;
        const words = [
          'run',
          fixture(size),
          '--quiet',
          '--out',
          out,
          '--engine',
          'command',
          '--timeout',
          '30m',
        ];
        const seconds = await timed(() => ours([...words, '--', 'python3', '-c', code], root));
        await rm(out, { recursive: true });
        return seconds;
      },
      remove: () => rm(root, { recursive: true, force: true }),
    };
  },
}));

function description(id: string) {
  return {
    schema: 'proofbox.fixture/v1',
    id: `growth-${id}`,
    title: 'A workspace of a given size',
    task: 'Change the file named touched.',
    allowed_files: ['touched', 'scratch-*'],
    test_command: ['true'],
    required_events: [],
    limits: LIMITS,
    fake: { steps: [] },
    expect: { status: 'passed', blockers: [] },
  };
}
