/** B8: verifying the bundle of B7, against the digests of its files alone. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Measure, timed } from '../measure.ts';
import { MAIN, ours } from '../peers.ts';
import { FLOOD, floodRun } from './flood.ts';

export const VERIFY_MEASURE: Measure = {
  id: 'B8',
  title: 'proofbox verify of the bundle of B7, against sha256sum of its files',
  target: 1.2,
  unit: 's',
  note: FLOOD,
  async prepare(folder) {
    const run = join(folder, 'b8');
    // The tests fail on what such an engine leaves: a bundle all the same.
    await ours(floodRun(run), folder).catch(() => undefined);
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
      remove: () => rm(run, { recursive: true }),
    };
  },
};
