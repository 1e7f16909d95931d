/** B12: two threads at full rate while nobody reads for five seconds: what was tried is what is on record. */
import { recorded, recordLines, type Taken } from '../inside.ts';
import type { Measure } from '../measure.ts';
import { image } from '../peers.ts';
import { straceImage } from '../strace-image.ts';

/** Each of two threads creates and deletes so many: more than every pipe on the way can hold. */
const FILES = 50_000;
const DEAF_SECONDS = 5;

const FRAME_OF_OUTPUT = /made (\d+)/;

export const LOSS_MEASURE: Measure = {
  id: 'B12',
  title: 'attempts on record, of those made by two threads at full rate while nobody reads for 5 s',
  target: 1,
  higher: true,
  unit: 'attempts',
  note: 'every attempt has a name of its own, and each of the names is looked for in the record',
  async prepare() {
    const { reference, remove } = await straceImage(await image(), ['flood']);
    let last: Taken | null = null;
    let trouble: string | null = null;
    const made = () => Number(FRAME_OF_OUTPUT.exec(last?.output ?? '')?.[1] ?? Number.NaN);
    const flood = async () => {
      const argv = ['/bench/flood', String(FILES), '/workspace'];
      last = await recorded({ reference, argv, deaf: DEAF_SECONDS });
      if (last.whole < DEAF_SECONDS) trouble = 'it was over before anybody read: nothing had to wait';
      const attempts = recordLines(last).map((line) => JSON.parse(line));
      const names = new Set(attempts.map(({ access, resolved }) => `${access} ${resolved}`));
      if (names.size !== attempts.length) trouble = 'an attempt is on record twice';
      for (let n = 0; n < FILES; n += 1)
        for (const name of [`/workspace/a${n}`, `/workspace/b${n}`])
          if (!names.has(`create ${name}`) || !names.has(`delete ${name}`))
            trouble = `${name} is not on record`;
      return attempts.length;
    };
    return {
      // The order of the ways changes from round to round; what was made belongs to the round that was read last.
      ways: [
        { name: 'on record', once: flood },
        { name: 'made', once: async () => (last === null ? await flood().then(made) : made()) },
      ],
      remove,
      problem: () => trouble,
    };
  },
};
