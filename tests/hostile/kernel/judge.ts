/** Holds what the kernel did in a cage against what the recorder says of it. */
import type { ProcessRecord, WriteRecord } from '../../../src/schema/recorder.ts';
import { actsByDescriptor, changes, described, isForbidden } from './calls.ts';
import type { Seen } from './witness.ts';

/** What was let go on, by the names of the calls. Opens for reading are on record only where that was asked for. */
export function allowedBy(
  writes: readonly WriteRecord[],
  programs: readonly ProcessRecord[],
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const record of [...writes, ...programs])
    if (record.verdict === 'allowed' && !('access' in record && record.access === 'read'))
      counts.set(record.syscall, (counts.get(record.syscall) ?? 0) + 1);
  return counts;
}

export interface Comparison {
  /** calls that could change a file system and were carried out */
  executed: number;
  /** records of calls that were let go on and never carried out: their callers were killed first */
  unexecuted: number;
  /** what must not be */
  problems: string[];
}

/**
 * Calls: each that the kernel carried out is on record, as often; none is of another convention, none is forbidden.
 *
 * @param allowed null where no single records are kept
 */
export function compareCalls(seen: Seen, allowed: ReadonlyMap<string, number> | null): Comparison {
  const problems: string[] = [];
  const executed = new Map<string, number>();
  for (const call of seen.calls) {
    const name = call.foreign ? null : changes(call);
    const forbidden = call.foreign ? null : isForbidden(call);
    if (call.foreign) problems.push(`${call.count} times a call of another convention: ${call.number}`);
    if (forbidden !== null) problems.push(`${call.count} times ${forbidden}, which nobody may`);
    if (name !== null) executed.set(name, (executed.get(name) ?? 0) + call.count);
  }
  let unexecuted = 0;
  for (const name of new Set(allowed === null ? [] : [...executed.keys(), ...allowed.keys()])) {
    const [done, recorded] = [executed.get(name) ?? 0, allowed?.get(name) ?? 0];
    if (done > recorded) problems.push(`${done} times ${name}, of which ${recorded} are on record`);
    else unexecuted += recorded - done;
  }
  return { executed: [...executed.values()].reduce((sum, n) => sum + n, 0), unexecuted, problems };
}

/** What ext4 opens its journal for. The first is for one inode; the others never stand for the contents of a file alone. */
const ONE_INODE = 'journal 1';
const NAMES_AND_ATTRIBUTES = new Set(['journal 4', 'journal 6', 'journal 8', 'journal 9', 'journal 10']);

/**
 * Effects, whatever call had them: a change is explained by a call that stops in this cage, or was made through a descriptor or a
 * mapping, and then it is neither one of a folder nor of an attribute. Any other call may have done what reading does and no
 * more: files, folders and links on its way have a newer time of access.
 *
 * @param stops the calls that the recorder found to stop or to be refused, before the engine began
 */
export function compareEffects(seen: Seen, stops: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const others = new Map<string, { inodes: number; times: number }>();
  for (const { call, kind, count } of seen.effects) {
    const name = call === null ? null : changes(call);
    if (name !== null && stops.has(name)) continue;
    const by = call === null ? 'no call at all' : described(call);
    const problem = `${count} times ${kind} by ${by}`;
    if (call === null || actsByDescriptor(call)) {
      if (NAMES_AND_ATTRIBUTES.has(kind)) problems.push(problem);
      continue;
    }
    const so = others.get(by) ?? { inodes: 0, times: 0 };
    others.set(by, so);
    if (kind === 'times') so.times += count;
    else if (kind === ONE_INODE) so.inodes += count;
    else problems.push(problem);
  }
  for (const [by, { inodes, times }] of others)
    if (inodes > times) problems.push(`${inodes - times} times more than a time by ${by}`);
  return problems;
}
