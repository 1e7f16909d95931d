/**
 * The schemas of the long records, for a reader of a hundred thousand lines: a plain record that is plainly sound is
 * taken as it is, everything else is asked of the schema itself. Never takes what the schema refuses, and never words a
 * refusal of its own.
 */

import { ProcessRecord, WriteRecord, WriteRoot } from './recorder.ts';
import { TreeEntry, Trees, WatchRecord } from './tree.ts';
import type * as z from './zod.ts';

/** As much of a schema as a reader of lines needs. */
export interface LineSchema<T> {
  safeParse(value: unknown): z.ZodSafeParseResult<T>;
}

type Plain = Record<string, unknown>;

function quick<T>(schema: z.ZodType<T>, isSound: (value: Plain) => boolean): LineSchema<T> {
  return {
    safeParse: (value) =>
      isPlain(value) && isSound(value)
        ? { success: true, data: value as unknown as T }
        : schema.safeParse(value),
  };
}

/** An object as JSON.parse makes them; one with a key that is more than a key goes to the schema. */
function isPlain(value: unknown): value is Plain {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !Object.hasOwn(value, '__proto__')
  );
}

const isText = (value: unknown) => typeof value === 'string';
const isTextOrNone = (value: unknown) => value === undefined || typeof value === 'string';
const isTime = (value: unknown) => typeof value === 'number' && value >= 0 && value < Infinity;
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1;

const ACCESSES = new Set<unknown>(WriteRecord.shape.access.options);
const ROOTS = new Set<unknown>(WriteRoot.options);
const SEEN = new Set<unknown>(WatchRecord.shape.event.options);
const WATCHED = new Set<unknown>(WatchRecord.shape.root.options);
const KINDS = new Set<unknown>(TreeEntry.shape.kind.options);
const isVerdict = (value: unknown) => value === 'allowed' || value === 'denied';

/** What both records of the recorder begin with; the first line, which has the nonce, is the schema's. */
const isRecord = (value: Plain) =>
  isCount(value.seq) &&
  isTime(value.t_ms) &&
  Number.isSafeInteger(value.pid) &&
  Number.isSafeInteger(value.ppid) &&
  isText(value.exe) &&
  isText(value.syscall) &&
  isText(value.path) &&
  isText(value.resolved) &&
  isVerdict(value.verdict) &&
  isTextOrNone(value.errno) &&
  isTextOrNone(value.reason) &&
  value.nonce === undefined;

export const WriteLine = quick(
  WriteRecord,
  (value) =>
    isRecord(value) &&
    ACCESSES.has(value.access) &&
    ROOTS.has(value.root) &&
    isTextOrNone(value.path2) &&
    isTextOrNone(value.resolved2),
);

export const ProcessLine = quick(
  ProcessRecord,
  (value) =>
    isRecord(value) &&
    Array.isArray(value.argv) &&
    value.argv.every(isText) &&
    typeof value.argv_truncated === 'boolean',
);

const WATCH_KEYS = new Set(['seq', 't_ms', 'event', 'root', 'path', 'message']);

export const WatchLine = quick(
  WatchRecord,
  (value) =>
    isCount(value.seq) &&
    isTime(value.t_ms) &&
    SEEN.has(value.event) &&
    WATCHED.has(value.root) &&
    isText(value.path) &&
    isTextOrNone(value.message) &&
    Object.keys(value).every((key) => WATCH_KEYS.has(key)),
);

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const ENTRY_KEYS = new Set(Object.keys(TreeEntry.shape));

const isEntry = (value: unknown) =>
  isPlain(value) &&
  isText(value.path) &&
  KINDS.has(value.kind) &&
  Number.isSafeInteger(value.mode) &&
  Number.isSafeInteger(value.size) &&
  (value.digest === null || (typeof value.digest === 'string' && DIGEST.test(value.digest))) &&
  Object.keys(value).every((key) => ENTRY_KEYS.has(key));

/** Trees whose entries are all sound: the schema judges what stands around them. */
export const QuickTrees: LineSchema<Trees> = {
  safeParse(value) {
    const [before, after] = isPlain(value) ? [value.before, value.after] : [];
    if (!isPlain(value) || !hasSoundEntries(before) || !hasSoundEntries(after)) return Trees.safeParse(value);
    const bare = Trees.safeParse({
      ...value,
      before: { ...before, entries: [] },
      after: { ...after, entries: [] },
    });
    return bare.success ? { success: true, data: value as unknown as Trees } : Trees.safeParse(value);
  },
};

function hasSoundEntries(side: unknown): side is Plain {
  return isPlain(side) && Array.isArray(side.entries) && side.entries.every(isEntry);
}
