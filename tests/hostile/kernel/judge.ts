/** Holds what the kernel did in a cage against what the recorder says of it. */
import type { ProcessRecord, WriteRecord } from '../../../src/schema/recorder.ts';
import { actsByDescriptor, changes, described, isForbidden } from './calls.ts';
import type { Effect, Seen } from './witness.ts';

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

/** Calls: each that the kernel carried out is on record, as often; none of another convention, none that is forbidden. */
export function compareCalls(seen: Seen, allowed: ReadonlyMap<string, number>): Comparison {
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
  for (const name of new Set([...executed.keys(), ...allowed.keys()])) {
    const [done, recorded] = [executed.get(name) ?? 0, allowed.get(name) ?? 0];
    if (done > recorded) problems.push(`${done} times ${name}, of which ${recorded} are on record`);
    else unexecuted += recorded - done;
  }
  return { executed: [...executed.values()].reduce((sum, n) => sum + n, 0), unexecuted, problems };
}

/** What ext4 opens its journal for, where it changes no more than one inode and its blocks. */
const INODE = 'journal 1';
const NAMES_AND_ATTRIBUTES = new Set(['journal 4', 'journal 6', 'journal 8', 'journal 9', 'journal 10']);

/**
 * Effects: whatever was changed, it was changed by a call that stops, or through a descriptor, and then neither a folder nor an
 * attribute. Every other call may have done no more than what reading does: that a file, a folder or a link has a newer time of
 * access.
 */
export function compareEffects(seen: Seen): string[] {
  const problems: string[] = [];
  const others = new Map<string, { inodes: number; times: number }>();
  for (const { call, kind, count } of seen.effects) {
    if (call !== null && changes(call) !== null) continue;
    const by = call === null ? 'no call at all' : described(call);
    if (call === null || actsByDescriptor(call)) {
      if (NAMES_AND_ATTRIBUTES.has(kind)) problems.push(effect(by, kind, count));
      continue;
    }
    const so = others.get(by) ?? { inodes: 0, times: 0 };
    others.set(by, so);
    if (kind === 'times') so.times += count;
    else if (kind === INODE) so.inodes += count;
    else problems.push(effect(by, kind, count));
  }
  for (const [by, { inodes, times }] of others)
    if (inodes > times) problems.push(`${inodes - times} times an inode by ${by}`);
  return problems;
}

const effect = (by: string, kind: Effect['kind'], count: number) => `${count} times ${kind} by ${by}`;
