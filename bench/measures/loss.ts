/** B12: two threads at full rate while nobody reads for five seconds: what was tried is what is on record. */
import { recorded, recordLines } from '../inside.ts';
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
    let trouble: string | null = null;
    let last: { round: number; made: number; onRecord: number } | null = null;
    const flood = async (round: number) => {
      const argv = ['/bench/flood', String(FILES), '/workspace'];
      const taken = await recorded({ reference, argv, deaf: DEAF_SECONDS });
      if (taken.whole < DEAF_SECONDS) trouble = 'it was over before anybody read: nothing had to wait';
      const attempts = recordLines(taken).map((line) => JSON.parse(line));
      const names = new Set(attempts.map(({ access, resolved }) => `${access} ${resolved}`));
      if (names.size !== attempts.length) trouble = 'an attempt is on record twice';
      for (let n = 0; n < FILES; n += 1)
        for (const name of [`/workspace/a${n}`, `/workspace/b${n}`])
          if (!names.has(`create ${name}`) || !names.has(`delete ${name}`))
            trouble = `${name} is not on record`;
      const made = Number(FRAME_OF_OUTPUT.exec(taken.output)?.[1] ?? Number.NaN);
      last = { round, made, onRecord: attempts.length };
      return last;
    };
    /** Both ways read one flood, whichever of them is asked first in a round. */
    const ofRound = async (round: number) => (last?.round === round ? last : await flood(round));
    return {
      ways: [
        { name: 'on record', once: async (round) => (await ofRound(round)).onRecord },
        { name: 'made', once: async (round) => (await ofRound(round)).made },
      ],
      remove,
      problem: () => trouble,
    };
  },
};
