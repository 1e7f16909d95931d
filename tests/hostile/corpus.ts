/**
 * The corpus: small engines, each one file with a heading that says what it attempts and what must be seen. This reads
 * them and plays one; what must hold for every attack alike stands in attacks.test.ts.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { hasInt80 } from '../conventions.ts';
import { type Bundle, run, type Where } from '../integration/product.ts';

export interface Entry {
  /** family and name, such as `evasion/open-etc` */
  name: string;
  attempts: string;
  /** codes that the run must end with; empty where what it tries has no effect at all */
  blockers: string[];
  /** other codes may come with them */
  others: boolean;
  /** matches `syscall path` of an attempt that was refused */
  refused: RegExp | null;
  /** the same of one that was allowed */
  recorded: RegExp | null;
  /** matches what it printed */
  says: RegExp | null;
  /** must not stand in what it printed */
  neverSays: string | null;
  /** an event of this type must be there */
  event: string | null;
  /** no changed file ends so */
  never: string | null;
  /** why no record can show it, or what is not defended; for the table */
  remark: string | null;
  flags: string[];
  program: string[];
}

const FIELDS = new Set([
  'attempts',
  'blockers',
  'blockers-any',
  'refused',
  'recorded',
  'says',
  'never-says',
  'event',
  'never',
  'unseen',
  'known',
  'note',
  'flags',
  'only-with',
]);

/** What the host holds that no engine may read or change. */
export interface Bait {
  canary: string;
  host: string;
  /** exists only where something of an engine's ran on the host */
  ran: string;
}

/** All entries of a folder, in the order of their names. */
export function readCorpus(kind: 'attacks' | 'benign', bait: Bait): Entry[] {
  const root = join(import.meta.dirname, kind);
  const prelude = readFileSync(join(import.meta.dirname, 'prelude.py'), 'utf8');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:py|sh)$/.test(name))
    .sort()
    .map((file) => entry(file, readFileSync(join(root, file), 'utf8'), prelude, bait));
}

/** What an attack comes to on a host that lacks what it needs: it must say so, and nothing else may come of it. */
function withoutMeans(entry: Entry): Entry {
  const remark = 'this processor has no such calls: whoever tries one dies';
  return { ...entry, blockers: [], refused: null, recorded: null, says: /not on this processor/, remark };
}

function entry(file: string, text: string, prelude: string, bait: Bait): Entry {
  const heading = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^# ([a-z-]+): (.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) break;
    if (!FIELDS.has(key)) throw new Error(`${file} has the unknown heading ${key}`);
    heading.set(key, value);
  }
  const filled = (part: string) =>
    part.replaceAll('@CANARY@', bait.canary).replaceAll('@HOST@', bait.host).replaceAll('@RAN@', bait.ran);
  const pattern = (key: string) => {
    const value = heading.get(key);
    return value === undefined || value === '' ? null : new RegExp(filled(value), 'ms');
  };
  const attempts = heading.get('attempts');
  const blockers = heading.get('blockers');
  if (attempts === undefined || blockers === undefined) throw new Error(`${file} says not what it is`);
  const source = filled(text);
  const neverSays = heading.get('never-says');
  const read: Entry = {
    name: file.replace(/\.\w+$/, ''),
    attempts,
    blockers: blockers === 'none' ? [] : blockers.split(' ').sort(),
    others: heading.get('blockers-any') === 'yes',
    refused: pattern('refused'),
    recorded: pattern('recorded'),
    says: pattern('says'),
    neverSays: neverSays === undefined ? null : filled(neverSays),
    event: heading.get('event') ?? null,
    never: heading.get('never') ?? null,
    remark: heading.get('unseen') ?? heading.get('known') ?? heading.get('note') ?? null,
    flags: (heading.get('flags') ?? '')
      .split(' ')
      .filter((flag) => flag !== '')
      .map(filled),
    program: file.endsWith('.py') ? ['python3', '-c', prelude + source] : ['sh', '-c', source],
  };
  return heading.get('only-with') === 'int80' && !hasInt80() ? withoutMeans(read) : read;
}

/** Plays one through the product's own command line, under a contract that forgives no refused write. */
export function play(base: string, { flags, program }: Entry, where: Where = {}): Promise<Bundle> {
  const contract = join(base, 'strict.json');
  writeFileSync(contract, '{"denied_writes": "fail"}');
  const words = ['fail-no-diff', '--engine', 'command', '--contract', contract, ...flags, '--', ...program];
  return run(base, words, where);
}

/** What was recorded, one line each: `denied openat /etc/passwd`. */
export async function recordsOf(bundle: Bundle): Promise<string[]> {
  return (await bundle.writes()).map(({ verdict, syscall, resolved, path, resolved2 = '' }) =>
    `${verdict} ${syscall} ${resolved === '' ? path : resolved} ${resolved2}`.trimEnd(),
  );
}

/** One line of the table that `npm run corpus` prints. */
export interface Line {
  name: string;
  attempts: string;
  contained: boolean;
  seen: string;
  blockers: string[];
  remark: string | null;
}

/** Where the lines are kept for scripts/corpus. */
export const LINES_FILE = (kind: string) => join(PACKAGE_ROOT, `.cache/corpus-${kind}.json`);
