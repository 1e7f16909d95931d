/** Bundles are judged on threads: the same words as without, and a thread that dies takes nothing with it. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPublicKey } from '../../src/attest/keys.ts';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { loadFixture } from '../../src/contract/fixture.ts';
import { engineByName } from '../../src/engines/index.ts';
import { packBundle } from '../../src/fleet/bundle.ts';
import { asJudged, judgeBundle, type Question } from '../../src/fleet/judge.ts';
import { Judges } from '../../src/fleet/judges.ts';
import type { CellWork } from '../../src/fleet/work.ts';
import { ContractFile } from '../../src/schema/fixture.ts';
import { proofbox, run, scratch } from '../integration/product.ts';

const space = await scratch();
afterAll(() => space.remove());

const parcel = join(space.dir, 'parcel');
let question: Question;
beforeAll(async () => {
  const key = join(space.dir, 'alpha.key');
  await proofbox(['keygen', '--out', key]);
  const { artifacts } = await run(space.dir, ['py-interval', '--sign', key]);
  await packBundle(join(artifacts, '..'), parcel);
  const work: CellWork = {
    fixture: await loadFixture('py-interval', FIXTURES_DIR),
    contractFile: ContractFile.parse({}),
    limits: {},
    engine: engineByName('fake'),
    commandArgv: [],
    record: 'writes',
    provider: null,
    candidate: null,
    npm: [],
    providerText: 'none',
    cassette: null,
    contractPath: null,
    caseCommit: null,
  };
  const fixtureDigest = `sha256:${'0'.repeat(64)}` as const;
  question = {
    assignment: { batch: '0'.repeat(32), key: 'py-interval.fake.1' },
    cell: asJudged({ kind: 'plain', fixtureDigest, work, message: {} as never }),
    signer: await readPublicKey(`${key}.pub`),
    references: [],
    runtime: undefined,
  };
});

let next = 0;
const place = () => join(space.dir, `unpacked-${++next}`);

describe('judges', () => {
  test('say what a judge without a thread says, of many bundles at once', async () => {
    const judges = new Judges(3);
    try {
      const expected = await judgeBundle(parcel, place(), question);
      // It was verified whole before this could be said.
      expect(expected).toEqual({ problem: 'it is a run that nobody asked for' });
      const said = Array.from({ length: 6 }, () => judges.judge(parcel, place(), question));
      expect(await Promise.all(said)).toEqual(said.map(() => expected));
      const other = { ...question, signer: { ...question.signer, keyid: 'f'.repeat(64) } };
      expect(await judges.judge(parcel, place(), other)).toEqual(await judgeBundle(parcel, place(), other));
    } finally {
      await judges.close();
    }
  });

  test('call a bundle that takes all of their memory by that name, and go on', async () => {
    const [small, large] = [new Judges(1, { maxOldGenerationSizeMb: 12 }), new Judges(1)];
    try {
      const refused = { problem: 'its bundle takes more memory to verify than there is for one' };
      expect(await small.judge(parcel, place(), question)).toEqual(refused);
      expect(await small.judge(parcel, place(), question)).toEqual(refused);
      expect(await large.judge(parcel, place(), question)).not.toEqual(refused);
    } finally {
      await Promise.all([small.close(), large.close()]);
    }
  });

  test('say of a folder that is there already what a judge without a thread says', async () => {
    const judges = new Judges(1);
    try {
      const taken = place();
      await judges.judge(parcel, taken, question);
      const [here, there] = await Promise.all([
        judgeBundle(parcel, taken, question),
        judges.judge(parcel, taken, question),
      ]);
      expect(there).toEqual(here);
      expect(here).toEqual({ problem: expect.stringContaining('EEXIST') });
    } finally {
      await judges.close();
    }
  });
});
