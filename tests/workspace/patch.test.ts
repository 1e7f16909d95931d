/** makePatch: what it says, `git apply` does; what it cannot say, it lists. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TreeEntry } from '../../src/schema/tree.ts';
import { encodeBytes } from '../../src/witness/bytes.ts';
import { diffTrees, digestTree } from '../../src/witness/tree.ts';
import { makePatch, type Patch } from '../../src/workspace/patch.ts';
import {
  discard,
  freshFolder,
  makeDeep,
  makeFifo,
  makeHostile,
  makeSparse,
} from '../witness/hostile-tree.ts';

const LIMITS = { maxEntries: 100_000, maxBytes: 1 << 30 };
let root: string;

beforeEach(() => {
  root = freshFolder();
});
afterEach(() => {
  vi.unstubAllEnvs();
  discard(root);
});

/** What stands at a path: a file with a mode, a link, or an empty folder. */
type Thing =
  | { kind: 'file'; content: Buffer; program: boolean }
  | { kind: 'link'; target: string }
  | { kind: 'dir' };
type Plan = Map<string, Thing>;

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

function file(content: string | Buffer): Thing {
  return { kind: 'file', content: Buffer.from(content), program: false };
}

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
});

describe('R9: a hostile result', () => {
  const canary = () => join(root, 'canary');

  function evilScript(): string {
    const script = join(root, 'evil.sh');
    writeFileSync(script, `#!/bin/sh\necho ran >> ${canary()}\ncat "$1" 2>/dev/null\n`, { mode: 0o755 });
    return script;
  }

  /** Everything git can be made to run, in a configuration that names the script each time. */
  function evilConfig(script: string): string {
    return `[core]
\tfsmonitor = ${script}
\thooksPath = ${join(root, 'hooks')}
\tattributesFile = ${join(root, 'attributes')}
\tpager = ${script}
\tsshCommand = ${script}
\talternateRefsCommand = ${script}
[diff]
\texternal = ${script}
[diff "evil"]
\tcommand = ${script}
\ttextconv = ${script}
[filter "evil"]
\tclean = ${script}
\tsmudge = ${script}
\tprocess = ${script}
[pager]
\tdiff = ${script}
[include]
\tpath = ${join(root, 'included')}
`;
  }

  it('makes nothing run: hooks, fsmonitor, external diff, textconv, filters, includes, alternates, attributes', async () => {
    const script = evilScript();
    const [before, after] = [join(root, 'before'), join(root, 'after')];
    build(before, new Map([['a.txt', file('one\n')]]));
    build(
      after,
      new Map([
        ['a.txt', file('two\n')],
        ['.gitattributes', file('* diff=evil filter=evil text eol=crlf\n*.txt -diff\n')],
      ]),
    );
    for (const folder of [after, join(after, 'sub')]) {
      mkdirSync(join(folder, '.git', 'hooks'), { recursive: true });
      mkdirSync(join(folder, '.git', 'objects', 'info'), { recursive: true });
      mkdirSync(join(folder, '.git', 'refs'), { recursive: true });
      mkdirSync(join(folder, '.git', 'info'), { recursive: true });
      writeFileSync(join(folder, '.git', 'HEAD'), 'ref: refs/heads/main\n');
      writeFileSync(
        join(folder, '.git', 'config'),
        `[core]\n\trepositoryFormatVersion = 0\n${evilConfig(script)}`,
      );
      writeFileSync(join(folder, '.git', 'info', 'attributes'), '* diff=evil filter=evil\n');
      writeFileSync(join(folder, '.git', 'objects', 'info', 'alternates'), `${root}/elsewhere\n`);
      for (const hook of ['pre-commit', 'post-index-change', 'fsmonitor-watchman', 'post-checkout']) {
        writeFileSync(join(folder, '.git', 'hooks', hook), readFileSync(script), { mode: 0o755 });
      }
    }
    const untouched = (await digestTree(root, LIMITS)).digest;
    vi.stubEnv('GIT_DIR', join(after, '.git'));
    vi.stubEnv('GIT_EXTERNAL_DIFF', script);
    vi.stubEnv('GIT_CONFIG_GLOBAL', join(after, '.git', 'config'));
    vi.stubEnv('GIT_CONFIG_PARAMETERS', `'diff.external'='${script}'`);
    vi.stubEnv('GIT_PAGER', script);
    const patch = await patchOf(before, after);
    expect(existsSync(canary())).toBe(false);
    const text = readFileSync(join(root, 'patch.diff'), 'utf8');
    // Neither "-diff" nor "eol=crlf" of the planted attributes has an effect.
    expect(text).toMatch(/^-one\n\+two$/m);
    expect(patch.inexpressible.every((path) => path.startsWith('sub'))).toBe(true);
    discard(join(root, 'patch.diff'));
    expect((await digestTree(root, LIMITS)).digest).toBe(untouched);
  });

  it('R9: would make git run the script, were git let near it: the trap is a real one', () => {
    const script = evilScript();
    const after = join(root, 'after');
    build(after, new Map([['a.txt', file('two\n')]]));
    const env = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', HOME: root };
    execFileSync('git', ['init', '-q'], { cwd: after, env });
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', 'add', '.'], { cwd: after, env });
    writeFileSync(
      join(after, '.git', 'config'),
      `[core]\n\trepositoryFormatVersion = 0\n${evilConfig(script)}`,
    );
    writeFileSync(join(after, 'a.txt'), 'three\n');
    execFileSync('git', ['diff'], { cwd: after, env, stdio: 'ignore' });
    expect(existsSync(canary())).toBe(true);
  });

  it('may hold a .git file that names another repository: it is left alone', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(
      join(root, 'after'),
      new Map([
        ['a', file('y\n')],
        ['.git', file(`gitdir: ${root}/elsewhere\n`)],
      ]),
    );
    const patch = await patchOf(join(root, 'before'), join(root, 'after'));
    expect(patch).toMatchObject({ files: 1, inexpressible: [], problem: null });
    expect(existsSync(join(root, 'elsewhere'))).toBe(false);
  });

  it('may hold every kind of trap: FIFOs, sockets, loops, depth and names; none is followed or waited for', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(join(root, 'after'), new Map([['a', file('y\n')]]));
    await makeHostile(join(root, 'after'));
    const patch = await patchOf(join(root, 'before'), join(root, 'after'));
    expect(patch.inexpressible).toEqual(expect.arrayContaining(['fifo', 'socket', 'sparse']));
    const text = readFileSync(join(root, 'patch.diff'), 'latin1');
    expect(text).toContain('+/etc/passwd');
    expect(text).not.toContain('root:x:0');
    expect(text).toContain('"b/names/new\\nline"');
    apply(join(root, 'before'));
    const left = diffTrees(await entriesOf(join(root, 'before')), await entriesOf(join(root, 'after')));
    expect(left.map((change) => change.path).filter((path) => !patch.inexpressible.includes(path))).toEqual(
      [],
    );
  });

  it('may nest 10,000 folders: what is too deep for a patch is listed', async () => {
    build(join(root, 'before'), new Map([['a', file('x\n')]]));
    build(join(root, 'after'), new Map([['a', file('y\n')]]));
    makeDeep(join(root, 'after'), 10_000);
    const patch = await patchOf(join(root, 'before'), join(root, 'after'));
    expect(patch).toMatchObject({ files: 1, problem: null });
    expect(patch.inexpressible).toHaveLength(10_001);
  }, 120_000);

  it('is never written to, nor is the pristine copy', async () => {
    const [before, after] = [join(root, 'before'), join(root, 'after')];
    build(before, new Map([['a', file('x\n')]]));
    build(
      after,
      new Map([
        ['a', file('y\n')],
        ['b', file('z')],
      ]),
    );
    const state = () =>
      [before, after].flatMap((folder) =>
        ['', 'a'].map((name) => statSync(join(folder, name), { bigint: true }).ctimeNs),
      );
    const untouched = state();
    await patchOf(before, after);
    expect(state()).toEqual(untouched);
  });
});
