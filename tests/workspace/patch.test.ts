import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeBytes } from '../../src/witness/bytes.ts';
import { diffTrees, digestTree } from '../../src/witness/tree.ts';
import { discard, freshFolder, makeFifo, makeSparse } from '../witness/hostile-tree.ts';
import { apply, build, entriesOf, file, LIMITS, type Plan, patchOf, type Thing } from './planned-trees.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

let root: string;

beforeEach(() => {
  root = freshFolder();
});
afterEach(() => {
  vi.unstubAllEnvs();
  discard(root);
});

const NAME = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'a',
      'b',
      'c',
      'd e',
      '\u00e4',
      '.git',
      '.GIT',
      'git~1',
      '.gitmodules',
      '.gitattributes',
    ),
  },
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

/** What copyFixture lets through. */
const PRISTINE = PLAN.map((plan) => new Map([...plan].filter(([path]) => !/(^|\/)\.git(\/|$)/i.test(path))));

describe('R10: patch.diff', () => {
  it('applies to the pristine copy and gives exactly the result, for any two trees, but for what it lists', async () => {
    process.umask(0o022);
    await fc.assert(
      fc.asyncProperty(PRISTINE, PLAN, fc.boolean(), async (one, other, related) => {
        discard(join(root, 'before'));
        discard(join(root, 'after'));
        discard(join(root, 'patch.diff'));
        const plan: Plan = related
          ? new Map([...one, ...[...other].filter(([path]) => one.has(path))])
          : other;
        build(join(root, 'before'), one);
        build(join(root, 'after'), plan);
        const patch = await patchOf(join(root, 'before'), join(root, 'after'), { leaveOut: [] });
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

  it('says nothing of two equal trees', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(join(root, 'after'), new Map([['a', file('x\n')]]));
    expect(await patchOf(join(root, 'before'), join(root, 'after'))).toEqual({
      files: 0,
      bytes: 0,
      inexpressible: [],
      problem: null,
    });
    expect(readFileSync(join(root, 'patch.diff'), 'utf8')).toBe('');
  });

  it('reads as a git patch with a/ and b/ and full ids', async () => {
    build(
      join(root, 'before'),
      new Map([
        ['src/a.js', file('one\ntwo\n')],
        ['gone', file('x\n')],
      ]),
    );
    build(
      join(root, 'after'),
      new Map([
        ['src/a.js', file('one\n2\n')],
        ['new', file('y\n')],
      ]),
    );
    expect(await patchOf(join(root, 'before'), join(root, 'after'))).toMatchObject({
      files: 3,
      inexpressible: [],
    });
    const text = readFileSync(join(root, 'patch.diff'), 'utf8');
    expect(text.match(/^diff .*$/gm)).toEqual([
      'diff --git a/gone b/gone',
      'diff --git a/new b/new',
      'diff --git a/src/a.js b/src/a.js',
    ]);
    expect(text).toMatch(/^index [0-9a-f]{40}\.\.[0-9a-f]{40} 100644$/m);
    expect(text).toMatch(/^-two\n\+2$/m);
  });

  it('lists what git cannot express', async () => {
    build(
      join(root, 'before'),
      new Map([
        ['d/a', file('x')],
        ['mode', file('x')],
        ['kept/a', file('x')],
      ]),
    );
    build(
      join(root, 'after'),
      new Map<string, Thing>([
        ['d/a', file('y')],
        ['mode', file('x')],
        ['empty', { kind: 'dir' }],
        ['kept', { kind: 'dir' }],
        ['sub/.git/config', file('x')],
      ]),
    );
    makeFifo(join(root, 'after', 'pipe'));
    chmodSync(join(root, 'after', 'mode'), 0o600);
    chmodSync(join(root, 'after', 'd'), 0o700);
    const patch = await patchOf(join(root, 'before'), join(root, 'after'));
    expect(patch.inexpressible.sort()).toEqual([
      'd',
      'empty',
      'kept',
      'mode',
      'pipe',
      'sub',
      'sub/.git',
      'sub/.git/config',
    ]);
    expect(patch).toMatchObject({ files: 2, problem: null });
  });

  it('is empty and says why where it would be too large, and where git takes too long', async () => {
    const noise = Buffer.from(Array.from({ length: 60_000 }, (_, at) => (at * 7_919) % 251));
    build(join(root, 'before'), new Map());
    build(
      join(root, 'after'),
      new Map([
        ['a', file(noise)],
        ['b', file('x\n')],
      ]),
    );
    const [before, after] = [join(root, 'before'), join(root, 'after')];
    expect(await patchOf(before, after, { maxBytes: 60_002 })).toMatchObject({ problem: null });
    discard(join(root, 'patch.diff'));
    const text = Array.from({ length: 9_000 }, () => 'x').join('\n');
    build(join(root, 'lines'), new Map([['a', file(text)]]));
    const large = await patchOf(before, join(root, 'lines'), { maxBytes: text.length + 1 });
    expect(large).toEqual({
      files: 0,
      bytes: 0,
      inexpressible: ['a'],
      problem: `the patch is larger than ${text.length + 1} bytes`,
    });
    expect(readFileSync(join(root, 'patch.diff')).length).toBe(0);
    discard(join(root, 'patch.diff'));
    const slow = await patchOf(before, after, { timeoutMs: 1 });
    expect(slow).toMatchObject({
      files: 0,
      bytes: 0,
      problem: expect.stringMatching(/took longer than 1 ms/),
    });
    expect(slow.inexpressible.sort()).toEqual(['a', 'b']);
  });

  it('does not read a sparse terabyte, says so, and still holds the rest', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(join(root, 'after'), new Map([['a', file('y\n')]]));
    makeSparse(join(root, 'after', 'sparse'), 2 ** 40);
    const patch = await patchOf(join(root, 'before'), join(root, 'after'));
    expect(patch).toMatchObject({
      files: 1,
      inexpressible: ['sparse'],
      problem: 'a tree is larger than the limits allow to read',
    });
  });

  it('is the same where the trees were digested before, with the engine state in them', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(
      join(root, 'after'),
      new Map([
        ['a', file('y\n')],
        ['.git/x', file('state')],
      ]),
    );
    const [before, after] = [join(root, 'before'), join(root, 'after')];
    const trees = { before: await digestTree(before, LIMITS), after: await digestTree(after, LIMITS) };
    const patch = await patchOf(before, after, { trees });
    const text = readFileSync(join(root, 'patch.diff'), 'utf8');
    discard(join(root, 'patch.diff'));
    expect(await patchOf(before, after)).toEqual(patch);
    expect(readFileSync(join(root, 'patch.diff'), 'utf8')).toBe(text);
    expect(patch).toMatchObject({ files: 1, inexpressible: [] });
  });
});
