/** What the recorder saw attempted, by path, in memory that grows with distinct paths and not with attempts. Pure. */
import type { WriteRecord } from '../schema/recorder.ts';
import { encodeBytes } from './bytes.ts';

/** What was attempted on a path, as bits. */
export const TOUCH = {
  create: 1,
  write: 2,
  delete: 4,
  metadata: 8,
  symlink: 16,
  renamedFrom: 32,
  renamedTo: 64,
  linkedFrom: 128,
  linkedTo: 256,
} as const;

/** Paths are the container's, as the recorder resolved them (PEP 383). */
export interface AttemptIndex {
  touched: Map<string, number>;
  /** new name of a rename to the old ones */
  origins: Map<string, Set<string>>;
  /** old name of a rename to the new ones */
  destinations: Map<string, Set<string>>;
  /** names that were hard-linked, both ways */
  links: Map<string, Set<string>>;
  /** touched paths that are not UTF-8, as somebody sees them who reads names as UTF-8 */
  lossy: Set<string>;
}

/** The flag of renameat2(2) that swaps two names. */
const RENAME_EXCHANGE = 2;

const ESCAPED = /[\udc80-\udcff]/;

/** True for the container's two writable folders and what lies in them. */
export function isUnderRoots(path: string): boolean {
  return /^\/(?:workspace|artifacts)(?:\/|$)/.test(path);
}

/**
 * Indexes the allowed attempts of `writes.jsonl` in one pass. Whether an attempt succeeded is not recorded, so each
 * counts as one that may have.
 */
export async function indexAttempts(records: AsyncIterable<WriteRecord>): Promise<AttemptIndex> {
  const index = noAttempts();
  for await (const record of records) addAttempt(index, record);
  return index;
}

/** An index of nothing, for `addAttempt`. */
export function noAttempts(): AttemptIndex {
  return {
    touched: new Map(),
    origins: new Map(),
    destinations: new Map(),
    links: new Map(),
    lossy: new Set(),
  };
}

/** Takes one more record into the index, where it is of an allowed attempt. */
export function addAttempt(index: AttemptIndex, record: WriteRecord): void {
  if (record.verdict === 'allowed' && record.access !== 'read') add(index, record);
}

function add(index: AttemptIndex, record: WriteRecord): void {
  const { access, resolved, resolved2 } = record;
  if (access === 'link' && resolved2 !== undefined) {
    touch(index, resolved, TOUCH.linkedFrom);
    touch(index, resolved2, TOUCH.linkedTo);
    relate(index.links, resolved, resolved2);
    relate(index.links, resolved2, resolved);
    return;
  }
  if (access === 'rename') addRename(index, record);
  else if (access !== 'read') touch(index, resolved, access === 'link' ? TOUCH.symlink : TOUCH[access]);
}

function addRename(index: AttemptIndex, { resolved, resolved2, syscall, flags }: WriteRecord): void {
  if (resolved2 === undefined) return;
  addMove(index, resolved, resolved2);
  // Where the flags of renameat2 are not recorded, it may have been an exchange.
  const mayExchange =
    syscall === 'renameat2' && (typeof flags !== 'number' || (flags & RENAME_EXCHANGE) !== 0);
  if (mayExchange) addMove(index, resolved2, resolved);
}

function addMove(index: AttemptIndex, from: string, to: string): void {
  touch(index, from, TOUCH.renamedFrom);
  touch(index, to, TOUCH.renamedTo);
  relate(index.origins, to, from);
  relate(index.destinations, from, to);
}

function touch(index: AttemptIndex, path: string, bit: number): void {
  if (!isUnderRoots(path)) return;
  const before = index.touched.get(path);
  index.touched.set(path, (before ?? 0) | bit);
  if (before === undefined && ESCAPED.test(path)) index.lossy.add(encodeBytes(path).toString('utf8'));
}

function relate(map: Map<string, Set<string>>, path: string, other: string): void {
  if (path === other || !isUnderRoots(path) || !isUnderRoots(other)) return;
  const known = map.get(path);
  if (known === undefined) map.set(path, new Set([other]));
  else known.add(other);
}
