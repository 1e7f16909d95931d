/** The chain of a ledger: every line holds the digest of the line before. Pure. */
import type { Digest } from '../schema/common.ts';
import { LedgerEntry } from '../schema/ledger.ts';
import { digestBytes } from '../witness/content.ts';

export interface Chain {
  entries: LedgerEntry[];
  /** digest of the last line: who keeps it elsewhere can tell when the end was cut off */
  head: Digest | null;
  /** every line's digest, in order */
  digests: Digest[];
  problems: string[];
}

/** The digest by which the next line names this one. */
export function lineDigest(line: string): Digest {
  return digestBytes(Buffer.from(line));
}

/** Reads a whole ledger. A last line without its end is one that a kill cut short: it counts as a problem. */
export function readChain(text: string): Chain {
  const lines = text.split('\n');
  const rest = lines.pop();
  const chain: Chain = { entries: [], head: null, digests: [], problems: [] };
  for (const [index, line] of lines.entries()) {
    const entry = parse(line);
    const bad = (what: string) => chain.problems.push(`line ${index + 1} ${what}`);
    if (entry === null) bad('is no entry');
    else {
      if (entry.seq !== index + 1) bad(`has the number ${entry.seq}`);
      if (entry.previous !== chain.head)
        bad('does not follow the line before it: a line was altered, removed or moved');
      if (JSON.stringify(entry) !== line) bad('is not in its one canonical form');
      chain.entries.push(entry);
    }
    chain.head = lineDigest(line);
    chain.digests.push(chain.head);
  }
  if (rest !== '')
    chain.problems.push(`line ${lines.length + 1} was cut off: a run was killed while it was entered`);
  return chain;
}

function parse(line: string): LedgerEntry | null {
  try {
    return LedgerEntry.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
