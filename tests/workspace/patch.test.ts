/** makePatch: what it says, `git apply` does; what it cannot say, it lists. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TreeEntry } from '../../src/schema/tree.ts';
import { encodeBytes } from '../../src/witness/bytes.ts';
import { diffTrees, digestTree } from '../../src/witness/tree.ts';
import { makePatch, type Patch } from '../../src/workspace/patch.ts';
import { discard, freshFolder } from '../witness/hostile-tree.ts';

const LIMITS = { maxEntries: 100_000, maxBytes: 1 << 30 };
let root: string;

beforeEach(() => {
  root = freshFolder();
});
afterEach(() => {
  discard(root);
});

/** What stands at a path: a file with a mode, a link, or an empty folder. */
type Thing =
  | { kind: 'file'; content: Buffer; program: boolean }
  | { kind: 'link'; target: string }
  | { kind: 'dir' };
type Plan = Map<string, Thing>;

const NAME = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'd e', 'ä') },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ minLength: 1, maxLength: 6 })
      .map((bytes) => Buffer.from(bytes).toString('latin1').replace(/[\0/]/g, 'z'))
      .filter((name) => name !== '.' && name !== '..'),
  },
);
const CONTENT = fc.oneof(
  fc
    .constantFrom('', 'x', 'x\n', 'one\ntwo\nthree\n', 'one\nzwei\nthree\n', 'crlf\r\n', '-- a\n+++ b\n')
    .map((t) => Buffer.from(t)),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);
const THING: fc.Arbitrary<Thing> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('file' as const), content: CONTENT, program: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      target: fc.constantFrom('a', '../x', '/etc/passwd', 'b\nc'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'dir' as const }) },
);
const PLAN = fc
  .array(fc.tuple(fc.array(NAME, { minLength: 1, maxLength: 3 }), THING), { maxLength: 8 })
  .map((items) => {
    const plan: Plan = new Map();
    for (const [parts, thing] of items) {
      const path = parts.join('/');
      const clash = [...plan.keys()].some(
        (other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`),
      );
      if (!clash) plan.set(path, thing);
    }
    return plan;
  });

function at(folder: string, latin1: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(latin1, 'latin1')]);
}

function build(folder: string, plan: Plan): void {
  mkdirSync(folder);
  for (const [path, thing] of plan) {
    const parent = dirname(path);
    if (parent !== '.') mkdirSync(at(folder, parent), { recursive: true });
    if (thing.kind === 'dir') mkdirSync(at(folder, path), { recursive: true });
    if (thing.kind === 'link') symlinkSync(thing.target, at(folder, path));
    if (thing.kind === 'file') {
      writeFileSync(at(folder, path), thing.content);
      chmodSync(at(folder, path), thing.program ? 0o755 : 0o644);
    }
  }
}

function patchOf(
  before: string,
  after: string,
  more: Partial<Parameters<typeof makePatch>[0]> = {},
): Promise<Patch> {
  return makePatch({
    before,
    after,
    leaveOut: ['.git/'],
    maxBytes: 1 << 30,
    scratch: join(root, 'scratch'),
    out: join(root, 'patch.diff'),
    ...more,
  });
}

function apply(folder: string): void {
  if (readFileSync(join(root, 'patch.diff')).length === 0) return;
  execFileSync('git', ['apply', '--whitespace=nowarn', join(root, 'patch.diff')], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      GIT_CEILING_DIRECTORIES: dirname(folder),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function entriesOf(folder: string): Promise<TreeEntry[]> {
  return (await digestTree(folder, LIMITS)).entries;
}

describe('R10: patch.diff', () => {
  it('applies to the pristine copy and gives exactly the result, for any two trees, but for what it lists', async () => {
    process.umask(0o022);
    await fc.assert(
      fc.asyncProperty(PLAN, PLAN, fc.boolean(), async (one, other, related) => {
        discard(join(root, 'before'));
        discard(join(root, 'after'));
        discard(join(root, 'patch.diff'));
        const plan: Plan = related
          ? new Map([...one, ...[...other].filter(([path]) => one.has(path))])
          : other;
        build(join(root, 'before'), one);
        build(join(root, 'after'), plan);
        const patch = await patchOf(join(root, 'before'), join(root, 'after'));
        expect(patch.problem).toBeNull();
        apply(join(root, 'before'));
        const left = diffTrees(await entriesOf(join(root, 'before')), await entriesOf(join(root, 'after')));
        const listed = new Set(patch.inexpressible);
        expect(left.map((change) => change.path).filter((path) => !listed.has(path))).toEqual([]);
        expect(readdirSync(root)).not.toContain('scratch');
        expect(() => patch.inexpressible.map(encodeBytes)).not.toThrow();
      }),
      { numRuns: Number(process.env.FUZZ ?? 40) },
    );
  }, 600_000);
});
