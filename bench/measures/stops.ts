/** B11: what one notification costs, and that calls which do not stop cost nothing. */
import { bare, recorded, recordLines, type Setting, type Taken, traced } from '../inside.ts';
import type { Measure, Way } from '../measure.ts';
import { image } from '../peers.ts';
import { straceImage } from '../strace-image.ts';

const COUNT = 100_000;
/** strace takes so long that it makes fewer. */
const FEWER = 10_000;
const LIMIT_MICROSECONDS = 15;

interface Kind {
  id: string;
  kind: 'write' | 'refused' | 'read' | 'getppid';
  title: string;
  cpus: string;
}

const KINDS: Kind[] = (
  [
    ['write', 'opening a file to write'],
    ['refused', 'opening a file to write that may not be written'],
    ['read', 'opening a file to read'],
    ['getppid', 'getppid'],
  ] as const
).flatMap(([kind, title], index) => [
  { id: `B11.${index * 2 + 1}`, kind, title: `${title}, on one processor`, cpus: '0' },
  { id: `B11.${index * 2 + 2}`, kind, title: `${title}, on two`, cpus: '0,1' },
]);

const each = ({ inside }: Taken, count: number) => (inside * 1e6) / count;

function measure({ id, kind, title, cpus }: Kind): Measure {
  const stops = kind === 'write' || kind === 'refused';
  return {
    id,
    title: stops ? `what a stop adds to ${title}, of 15 µs` : `${title}, which does not stop`,
    target: stops ? 1 : 1.05,
    unit: 'µs',
    // A tenth of a second in all, and the difference that is looked for is a twentieth of that.
    ...(stops ? {} : { rounds: 20 }),
    note: `a loop of ${COUNT} calls in C, of ${FEWER} under strace --seccomp-bpf; microseconds a call`,
    async prepare() {
      const { reference, remove } = await straceImage(await image(), ['stops']);
      const setting = (count: number): Setting => ({
        ...{ reference, cpus },
        argv: ['/bench/stops', kind, String(count), '/workspace/file'],
      });
      let fewest = Number.POSITIVE_INFINITY;
      const ours = async () => {
        const taken = await recorded(setting(COUNT));
        const attempt = stops ? /"access":"write"/ : /"access":"create"/;
        fewest = Math.min(fewest, recordLines(taken).filter((line) => attempt.test(line)).length);
        return each(taken, COUNT);
      };
      const plain = async () => each(await bare(setting(COUNT)), COUNT);
      const strace: Way = {
        name: 'strace',
        once: async () => each(await traced(setting(FEWER)), FEWER),
      };
      const ways: Way[] = stops
        ? [
            { name: 'added by the recorder', once: async () => (await ours()) - (await plain()) },
            { name: 'the limit', once: async () => LIMIT_MICROSECONDS },
            { name: 'without', once: plain },
            strace,
          ]
        : [{ name: 'recorder', once: ours }, { name: 'without', once: plain }, strace];
      const least = stops ? COUNT : 1;
      return {
        ways,
        remove,
        problem: () => (fewest >= least ? null : `only ${fewest} of ${least} attempts are on record`),
      };
    },
  };
}

export const STOP_MEASURES: Measure[] = KINDS.map(measure);
