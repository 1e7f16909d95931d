/** B6: runs a second in a batch, against plain containers at the same concurrency. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { Measure } from '../measure.ts';
import { timed } from '../measure.ts';
import { image, ours, plainRun } from '../peers.ts';

const CONCURRENCY = 4;
/** The design's hundred, fewer where somebody is in a hurry. */
const RUNS = Number(process.env.PROOFBOX_BENCH_RUNS ?? 100);

export const BATCH_MEASURES: Measure[] = [
  batchMeasure('B6', {
    title: '',
    note: 'each run has a bundle and two cages, the first ones a third for the tests before the engine; each pair two plain containers',
    manifest: {},
  }),
  batchMeasure('B6.1', {
    title: ', each with tests before the engine of its own',
    note: 'each run has three cages and a bundle; each pair two plain containers',
    manifest: { tests_before: 'each' },
  }),
];

function batchMeasure(id: string, kind: { title: string; note: string; manifest: object }): Measure {
  return {
    id,
    title: `a batch of ${RUNS} runs at concurrency ${CONCURRENCY}${kind.title}, against as many pairs of docker run`,
    target: 0.8,
    higher: true,
    unit: 'runs/s',
    note: kind.note,
    prepare: (folder) => prepare(folder, id, kind.manifest),
  };
}

async function prepare(folder: string, id: string, more: object): ReturnType<Measure['prepare']> {
  const reference = await image();
  const manifest = join(folder, `${id}.json`);
  const engines = [{ id: 'fake', engine: 'fake' }];
  await writeFile(
    manifest,
    JSON.stringify({
      schema: 'proofbox.batch/v1',
      fixtures: ['py-interval'],
      engines,
      repeats: RUNS,
      ...more,
    }),
  );
  let problem: string | null = null;
  return {
    ways: [
      {
        name: 'proofbox batch',
        async once(round) {
          const out = join(folder, `${id}-${round}`);
          const args = ['batch', manifest, '--out', out, '--concurrency', String(CONCURRENCY), '--quiet'];
          const seconds = await timed(() => ours(args, folder));
          if (!existsSync(join(out, 'batch.json'))) problem = 'a batch left no summary';
          return RUNS / seconds;
        },
      },
      {
        name: 'docker run, in pairs',
        async once() {
          const queue = new PQueue({ concurrency: CONCURRENCY });
          const pair = async () => {
            await plainRun(reference, folder, ['/bin/true']);
            await plainRun(reference, folder, ['/bin/true']);
          };
          return RUNS / (await timed(() => queue.addAll(Array.from({ length: RUNS }, () => pair))));
        },
      },
    ],
    problem: () => problem,
    remove: async () => undefined,
  };
}
