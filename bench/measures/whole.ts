/** B1, B9 and B10: whole processes, as a user starts them. */
import { join } from 'node:path';
import { execa } from 'execa';
import { PACKAGE_ROOT } from '#src/package-root.ts';
import { type Measure, timed } from '../measure.ts';
import { srt, twoContainers } from '../npm-peers.ts';
import { image, MAIN, ours, plainRun } from '../peers.ts';

const nothing = async () => undefined;

export const WHOLE_MEASURES: Measure[] = [
  {
    id: 'B1',
    title: 'proofbox run of the smallest fixture, signed, against two docker run one after the other',
    target: 1.5,
    unit: 's',
    note: 'three cages, three witnesses, signed evidence; the peer runs true twice, as hardened',
    async prepare(folder) {
      const reference = await image();
      const key = join(folder, 'bench.key');
      await ours(['keygen', '--out', key], folder);
      return {
        ways: [
          {
            name: 'proofbox run',
            once: (round) =>
              timed(() =>
                ours(
                  ['run', 'py-interval', '--sign', key, '--quiet', '--out', join(folder, `b1-${round}`)],
                  folder,
                ),
              ),
          },
          {
            name: 'docker run, twice',
            once: () =>
              timed(async () => {
                await plainRun(reference, folder, ['/bin/true']);
                await plainRun(reference, folder, ['/bin/true']);
              }),
          },
          { name: 'testcontainers, two containers', once: () => timed(() => twoContainers(reference)) },
          { name: 'srt true', once: () => timed(() => srt(['true'])) },
        ],
        remove: nothing,
      };
    },
  },
  {
    id: 'B9',
    title: 'scripts/setup where nothing is missing, against two seconds',
    target: 1,
    unit: 's',
    note: 'the peer is a sleep of two seconds',
    async prepare() {
      return {
        ways: [
          { name: 'scripts/setup', once: () => timed(() => execa(join(PACKAGE_ROOT, 'scripts/setup'))) },
          { name: 'sleep 2', once: () => timed(() => execa('sleep', ['2'])) },
        ],
        remove: nothing,
      };
    },
  },
  {
    id: 'B10',
    title: 'proofbox --help, against node -e 0',
    target: 1.5,
    unit: 's',
    rounds: 30,
    note: 'whole processes',
    async prepare() {
      return {
        ways: [
          { name: 'proofbox --help', once: () => timed(() => execa('node', [MAIN, '--help'])) },
          { name: 'node -e 0', once: () => timed(() => execa('node', ['-e', '0'])) },
        ],
        remove: nothing,
      };
    },
  },
];
