/** The quick look at a line and the schema itself say the same, of every line. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { type LineSchema, ProcessLine, QuickTrees, WatchLine, WriteLine } from '../../src/schema/quick.ts';
import { ProcessRecord, WriteRecord } from '../../src/schema/recorder.ts';
import { Trees, WatchRecord } from '../../src/schema/tree.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;
const SOUND = {
  write: {
    ...{ seq: 1, t_ms: 0.5, pid: 2, ppid: 1, exe: '/bin/sh', syscall: 'openat', access: 'write', path: 'a' },
    ...{ resolved: '/workspace/a', path2: 'b', resolved2: '/workspace/b', root: 'workspace' },
    ...{ verdict: 'denied', errno: 'EROFS', reason: 'unreadable', flags: 3, nonce: 'ab'.repeat(16) },
  },
  process: {
    ...{ seq: 1, t_ms: 0, pid: 2, ppid: 1, exe: '/bin/sh', syscall: 'execve', path: 'a', resolved: '/a' },
    ...{ argv: ['a', ''], argv_truncated: false, verdict: 'allowed', nonce: 'ab'.repeat(16) },
  },
  watch: {
    seq: 3,
    t_ms: 7,
    event: 'add',
    root: 'workspace',
    path: 'a',
    message: 'x',
    nonce: 'ab'.repeat(16),
  },
  trees: {
    schema: 'proofbox.trees/v1',
    nonce: 'ab'.repeat(16),
    before: { digest: DIGEST, entries: [{ path: 'a', kind: 'file', mode: 420, size: 1, digest: DIGEST }] },
    after: {
      digest: DIGEST,
      entries: [{ path: 'l', kind: 'fifo', mode: 511, size: 0, digest: null }],
      truncated: false,
    },
  },
};

/** What stands in a value of a record may be anything that JSON has, and what is nearly right most of all. */
const anyValue = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      null,
      true,
      false,
      0,
      -0,
      -1,
      1.5,
      1e308,
      2 ** 53,
      2 ** 53 - 1,
      -(2 ** 53),
      '',
      'a',
      '\ud800',
      [],
      {},
    ],
    ...['none', 'read', 'device', 'denied', 'ready', 'dir', 'unreadable', DIGEST, `${DIGEST}\n`, [1], ['a']],
    ...['ab'.repeat(16), 'toString', { entries: null }, { entries: [null] }],
  ),
  fc.jsonValue(),
);
const anyKey = (keys: string[]) =>
  fc.constantFrom(...keys, '__proto__', 'constructor', 'toString', 'more', 'hasOwnProperty');

/** The text of a sound record with one or more keys set, taken away or added, as a line would have it. */
function altered(sound: object) {
  return fc
    .array(fc.tuple(anyKey(Object.keys(sound)), fc.option(anyValue, { nil: undefined })), { maxLength: 3 })
    .map((changes) => {
      const parts = new Map(Object.entries(sound).map(([key, value]) => [key, JSON.stringify(value)]));
      for (const [key, value] of changes)
        if (value === undefined) parts.delete(key);
        else parts.set(key, JSON.stringify(value));
      return `{${[...parts].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
    });
}

function agree<T>(quick: LineSchema<T>, schema: z.ZodType<T>, text: string): boolean {
  const [ours, theirs] = [quick.safeParse(JSON.parse(text)), schema.safeParse(JSON.parse(text))];
  expect(ours.success).toBe(theirs.success);
  expect(ours.data).toEqual(theirs.data);
  expect(ours.error?.issues).toEqual(theirs.error?.issues);
  return theirs.success;
}

const CASES: [string, LineSchema<unknown>, z.ZodType, object][] = [
  ['writes.jsonl', WriteLine, WriteRecord, SOUND.write],
  ['processes.jsonl', ProcessLine, ProcessRecord, SOUND.process],
  ['watch.jsonl', WatchLine, WatchRecord, SOUND.watch],
  ['trees.json', QuickTrees, Trees, SOUND.trees],
];

describe.each(CASES)('a quick look at %s', (_name, quick, schema, sound) => {
  it('says what the schema says, of sound and broken ones', () => {
    let [taken, refused] = [0, 0];
    fc.assert(
      fc.property(altered(sound), (text) => {
        if (agree(quick, schema, text)) taken += 1;
        else refused += 1;
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(50);
    expect(refused).toBeGreaterThan(50);
  });

  it('says it of values that are no record at all', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void agree(quick, schema, JSON.stringify(value))));
  });
});

describe('a quick look at trees.json', () => {
  it('says what the schema says of every entry', () => {
    const entry = { path: 'a', kind: 'file', mode: 420, size: 1, digest: DIGEST };
    fc.assert(
      fc.property(altered(entry), fc.boolean(), (text, isAfter) => {
        const trees = JSON.stringify(SOUND.trees);
        const [before, after] = trees.split('"after"');
        const put = (part: string) => part.replace(/"entries":\[[^\]]*\]/, () => `"entries":[${text}]`);
        agree(
          QuickTrees,
          Trees,
          isAfter ? `${before}"after"${put(after ?? '')}` : `${put(before ?? '')}"after"${after}`,
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
