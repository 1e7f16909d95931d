/** B8: verifying a bundle, against the digests of its files alone. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Measure, timed } from '../measure.ts';
import { MAIN, ours } from '../peers.ts';

/** Prints 64 MiB and makes 20,000 write attempts: large enough that starting a process is not the figure. */
const WORK = `
import sys
for n in range(20000): open(f'/workspace/{n % 100}', 'w').close()
sys.stdout.write('x' * (60 << 20))
`;

export const VERIFY_MEASURE: Measure = {
  id: 'B8',
  title: 'proofbox verify of a large bundle, against sha256sum of its files',
  target: 1.2,
  unit: 's',
  note: '60 MiB of output and 20,000 write attempts',
  async prepare(folder) {
    const run = join(folder, 'b8');
    await ours(
      ['run', 'py-interval', '--quiet', '--out', run, '--engine', 'command', '--', 'python3', '-c', WORK],
      folder,
    ).catch(() => undefined);
    const files = (await readdir(join(run, 'artifacts'), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    let holds = true;
    return {
      ways: [
        {
          name: 'proofbox verify',
          once: () =>
            timed(async () => {
              const { exitCode } = await execa('node', [MAIN, 'verify', run, '--json'], { reject: false });
              holds &&= exitCode === 0;
            }),
        },
        { name: 'sha256sum', once: () => timed(() => execa('sha256sum', files)) },
      ],
      problem: () => (holds ? null : 'a bundle did not hold'),
      remove: async () => undefined,
    };
  },
};
