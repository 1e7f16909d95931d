/** For every defence: taken away alone, or with those that stand behind it, an attack of the corpus gets through or goes unseen. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratch } from '../integration/product.ts';
import { LINES_FILE, readCorpus } from './corpus.ts';
import { accountOf } from './defences/account.ts';
import { Mutants } from './defences/mutants.ts';
import { DEFENCES, type Defence, NEEDS, type Need, UNNEEDED } from './defences/table.ts';

const space = await scratch();
const host = join(space.dir, 'host-of-the-canary');
mkdirSync(host);
const bait = { host, canary: join(host, 'canary'), ran: join(space.dir, 'it-ran') };
writeFileSync(bait.canary, 'untouched');
mkdirSync(join(space.dir, 'mutants'));
const mutants = new Mutants(join(space.dir, 'mutants'));
const attacks = new Map(readCorpus('attacks', bait).map((attack) => [attack.name, attack]));
const byId = new Map(DEFENCES.map((defence) => [defence.id, defence]));

const played: Need[] = [];
afterAll(async () => {
  writeFileSync(LINES_FILE('defences'), JSON.stringify(defenceLines(played)));
  await mutants.remove();
  await space.remove();
});

function defences(ids: readonly string[]): Defence[] {
  return ids.map((id) => {
    const found = byId.get(id);
    if (found === undefined) throw new Error(`there is no defence ${id}`);
    return found;
  });
}

const setsOf = ({ defence, besides = [] }: Need) => ({
  without: defences([defence, ...besides].sort()),
  kept: defences([...besides].sort()),
});

beforeAll(async () => {
  const { Arch } = await new Docker().version();
  const sets = new Map<string, Defence[]>();
  for (const need of NEEDS)
    for (const set of Object.values(setsOf(need))) sets.set(set.map(({ id }) => id).join('+'), set);
  await mutants.build(Arch, [...sets.values()]);
}, 300_000);

/** One line of the table of defences. */
function defenceLines(needs: readonly Need[]) {
  return DEFENCES.map(({ id, what }) => ({
    id,
    what,
    needs: needs
      .filter(({ defence }) => defence === id)
      .map(({ attack, besides = [] }) => ({ attack, besides })),
    why: UNNEEDED[id] ?? null,
  }));
}

const accounts = new Map<string, Promise<string>>();

/** The account of an attack in a world without these defences; each world is played once. */
function account(set: Defence[], { attack: name, flags = [] }: Need): Promise<string> {
  const attack = attacks.get(name);
  if (attack === undefined) throw new Error(`there is no attack ${name}`);
  const key = [...set.map(({ id }) => id), name, ...flags].join(' ');
  const known = accounts.get(key);
  if (known !== undefined) return known;
  const main = set.length === 0 ? undefined : mutants.make(set);
  const made = accountOf(space.dir, attack, bait, main, flags);
  accounts.set(key, made);
  return made;
}

test('every defence is needed by an attack, or says why it stays', () => {
  const needed = new Set(NEEDS.map(({ defence }) => defence));
  const unneeded = DEFENCES.map(({ id }) => id).filter((id) => !needed.has(id));
  expect(unneeded.sort()).toEqual(Object.keys(UNNEEDED).sort());
});

describe('an attack needs each defence', () => {
  test.each(
    NEEDS.map(
      (need) => [[need.defence, ...(need.besides ?? [])].join(' after '), need.attack, need] as const,
    ),
  )('%s: %s', async (_, __, need) => {
    const { without, kept } = setsOf(need);
    const stopped = await account(kept, need);
    const open = await account(without, need);
    if (need.shows !== undefined) {
      expect(stopped).not.toMatch(need.shows);
      expect(open).toMatch(need.shows);
    }
    if (need.hides !== undefined) {
      expect(stopped).toMatch(need.hides);
      expect(open).not.toMatch(need.hides);
    }
    played.push(need);
  });
});
