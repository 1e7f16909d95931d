/**
 * B2 to B4: what the recorder costs a program that reads, writes, or does both as git does. B2 is the whole container
 * with the recorder against the same one without it, as the design has it; B2.1 is the same work timed from inside, on
 * which the start of the container, which is the same for both, does not rest.
 */
import { bare, recorded, recordLines, type Setting, type Taken, timedScript, traced } from '../inside.ts';
import type { Measure, Way } from '../measure.ts';
import { image } from '../peers.ts';
import { straceImage } from '../strace-image.ts';
import { tmpfsVolumes } from '../volumes.ts';
import { WORKS, type Work } from '../works.ts';

/** Which of the expected attempts have no line of their own. A new name counts where it is given, however that is done. */
function missing(taken: Taken, expected: string[]): string[] {
  const seen = new Set<string>();
  for (const line of recordLines(taken)) {
    const { access, resolved, resolved2 } = JSON.parse(line);
    seen.add(`${access} ${resolved}`).add(`named ${resolved2 ?? resolved}`);
  }
  return expected.filter((one) => !seen.has(one));
}

/** Three ways to do a work, and whether the recorder missed a path of it: one that does is out of the race. */
function ways(work: Work, figure: 'inside' | 'whole', settings: { ours: Setting; strace: Setting }) {
  const expected = figure === 'inside' ? [...work.prepared, ...work.worked] : work.worked;
  let missed: string[] = [];
  const all: Way[] = [
    {
      name: 'recorder',
      async once() {
        const taken = await recorded(settings.ours);
        missed = [...missed, ...missing(taken, expected)];
        return taken[figure];
      },
    },
    { name: 'nothing', once: async () => (await bare(settings.ours))[figure] },
    { name: 'strace', once: async () => (await traced(settings.strace))[figure] },
  ];
  const problem = () =>
    missed.length === 0 ? null : `${missed.length} attempts are not on record, such as ${missed[0]}`;
  return { ways: all, problem };
}

const inside = (work: Work): Measure => ({
  id: `${work.id}.1`,
  title: `the recorder on ${work.title}, timed inside`,
  target: work.target,
  unit: 's',
  note: 'the same container without the recorder; timed inside, on tmpfs',
  async prepare() {
    const reference = await image();
    const strace = await straceImage(reference);
    const argv = ['python3', '-c', timedScript(work.prepare, work.work)];
    const settings = { ours: { reference, argv }, strace: { reference: strace.reference, argv } };
    return { ...ways(work, 'inside', settings), remove: strace.remove };
  },
});

const whole = (work: Work): Measure => ({
  id: work.id,
  title: `the recorder on ${work.title}, whole container`,
  target: work.target,
  unit: 's',
  note: 'the same container without the recorder, from docker run to its end; what it works on is made before, on tmpfs',
  rounds: 12,
  async prepare() {
    const reference = await image();
    const strace = await straceImage(reference);
    const { volumes, run, remove } = await tmpfsVolumes(reference);
    const argv = ['python3', '-c', timedScript('', work.work)];
    const settings = {
      ours: { reference, argv, volumes },
      strace: { reference: strace.reference, argv, volumes },
    };
    const { ways: all, problem } = ways(work, 'whole', settings);
    const prepare = `import os, subprocess, io, tarfile\n${work.prepare}`;
    return {
      problem,
      ways: all.map(({ name, once }) => ({
        name,
        async once(round) {
          await run(prepare);
          return await once(round);
        },
      })),
      async remove() {
        await remove();
        await strace.remove();
      },
    };
  },
});

export const RECORDER_MEASURES: Measure[] = WORKS.flatMap((work) => [whole(work), inside(work)]);
