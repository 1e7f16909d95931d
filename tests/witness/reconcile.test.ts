/** reconcile: what was attempted explains what changed; what was not attempted is listed. */
import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WriteRecord } from '../../src/schema/recorder.ts';
import type { TreeChange, WatchRecord } from '../../src/schema/tree.ts';
import { indexAttempts, indexWatch, reconcile } from '../../src/witness/reconcile.ts';
import { diffTrees, digestTree } from '../../src/witness/tree.ts';
import { discard, freshFolder } from './hostile-tree.ts';

type Attempt = Partial<WriteRecord> & Pick<WriteRecord, 'access' | 'resolved'>;
type Change = [
  path: string,
  change: TreeChange['change'],
  before?: string | undefined,
  after?: string | undefined,
];

async function* stream<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

function record(attempt: Attempt, index: number): WriteRecord {
  return WriteRecord.parse({
    seq: index + 1,
    t_ms: index,
    pid: 7,
    ppid: 1,
    exe: '/bin/x',
    syscall: attempt.access,
    path: attempt.resolved,
    root: 'workspace',
    verdict: 'allowed',
    ...attempt,
  });
}

const w = (path: string) => `/workspace/${path}`;
const create = (path: string): Attempt => ({ access: 'create', resolved: w(path) });
const write = (path: string): Attempt => ({ access: 'write', resolved: w(path) });
const remove = (path: string): Attempt => ({ access: 'delete', resolved: w(path) });
const chmod = (path: string): Attempt => ({ access: 'metadata', resolved: w(path) });
const rename = (path: string, to: string, more: Partial<WriteRecord> = {}): Attempt => ({
  access: 'rename',
  resolved: w(path),
  resolved2: w(to),
  ...more,
});
const link = (path: string, to: string): Attempt => ({ access: 'link', resolved: w(path), resolved2: w(to) });
const symlink = (path: string): Attempt => ({ access: 'link', resolved: w(path) });

async function unexplained(attempts: Attempt[], changes: Change[], watched: Partial<WatchRecord>[] = []) {
  return reconcile({
    attempts: await indexAttempts(stream(attempts.map(record))),
    changes: changes.map(([path, change, before, after]) => ({
      path,
      change,
      before: (before ?? null) as null,
      after: (after ?? null) as null,
    })),
    watch: await indexWatch(
      stream(
        watched.map(
          (one, seq) =>
            ({ seq: seq + 1, t_ms: 0, event: 'change', root: 'workspace', path: '', ...one }) as WatchRecord,
        ),
      ),
    ),
  });
}

describe('R5: a change is explained by', () => {
  it.each<[string, Attempt[], Change[]]>([
    ['a write to the path', [write('a')], [['a', 'modified']]],
    ['opening it to create it', [create('a')], [['a', 'added']]],
    ['making a folder', [create('d')], [['d', 'added']]],
    ['a new symbolic link', [symlink('l')], [['l', 'added']]],
    ['a new hard link', [link('a', 'b')], [['b', 'added']]],
    ['deleting it', [remove('a')], [['a', 'deleted']]],
    ['changing its mode', [chmod('a')], [['a', 'mode']]],
    ['replacing it by another kind', [remove('a'), create('a')], [['a', 'kind']]],
    [
      'writing a temporary file and renaming it over',
      [create('t'), rename('t', 'a')],
      [['a', 'modified', '1', '2']],
    ],
    [
      'the same with two steps',
      [create('t'), rename('t', 'u'), rename('u', 'a')],
      [['a', 'modified', '1', '2']],
    ],
    [
      'renaming a file that was there',
      [rename('a', 'b')],
      [
        ['a', 'deleted', '1'],
        ['b', 'added', undefined, '1'],
      ],
    ],
    [
      'renaming and then writing it',
      [rename('a', 'b'), write('b')],
      [
        ['a', 'deleted', '1'],
        ['b', 'added', undefined, '2'],
      ],
    ],
    [
      'writing and then renaming it',
      [write('a'), rename('a', 'b')],
      [
        ['a', 'deleted', '1'],
        ['b', 'added', undefined, '2'],
      ],
    ],
    [
      'moving a folder with what was in it',
      [rename('d', 'e')],
      [
        ['d', 'deleted'],
        ['d/x', 'deleted', '1'],
        ['e', 'added'],
        ['e/x', 'added', undefined, '1'],
      ],
    ],
    [
      'moving a new folder with what was made in it',
      [create('d'), create('d/s'), create('d/s/x'), rename('d', 'e')],
      [
        ['e', 'added'],
        ['e/s', 'added'],
        ['e/s/x', 'added', undefined, '1'],
      ],
    ],
    [
      'deleting what was moved away',
      [rename('d', 'e'), remove('e/x'), remove('e')],
      [
        ['d', 'deleted'],
        ['d/x', 'deleted', '1'],
      ],
    ],
    [
      'writing while it was called otherwise',
      [rename('d', 'e'), write('e/x'), rename('e', 'd')],
      [['d/x', 'modified', '1', '2']],
    ],
    [
      'swapping two files',
      [rename('a', 'b', { syscall: 'renameat2', flags: 2 })],
      [
        ['a', 'modified', '1', '2'],
        ['b', 'modified', '2', '1'],
      ],
    ],
    [
      'swapping two folders',
      [rename('d', 'e', { syscall: 'renameat2', flags: 2 })],
      [
        ['d/x', 'deleted', '1'],
        ['e/x', 'added', undefined, '1'],
        ['d/y', 'added', undefined, '2'],
        ['e/y', 'deleted', '2'],
      ],
    ],
    [
      'writing through another name of the same file',
      [link('a', 'b'), write('b')],
      [
        ['a', 'modified', '1', '2'],
        ['b', 'added', undefined, '2'],
      ],
    ],
    [
      'writing through a name that was moved since',
      [link('a', 'b'), rename('b', 'c'), write('c')],
      [
        ['a', 'modified', '1', '2'],
        ['c', 'added', undefined, '2'],
      ],
    ],
    [
      'writing through a link in a folder that was moved',
      [create('t'), link('a', 't/b'), rename('t', 'u'), write('u/b')],
      [
        ['a', 'modified', '1', '2'],
        ['u', 'added'],
        ['u/b', 'added', undefined, '2'],
      ],
    ],
    [
      'changing the mode under another name',
      [create('t'), chmod('t'), rename('t', 'a')],
      [
        ['a', 'modified', '1', '2'],
        ['a', 'mode', '1', '2'],
      ],
    ],
    [
      'a file without a name that got one',
      [create(''), { access: 'link', resolved: '/proc/7/fd/3', resolved2: w('a') }],
      [['a', 'added', undefined, '1']],
    ],
    ['a path with bytes that are not UTF-8', [create('b\udcff')], [['b\udcff', 'added']]],
  ])('%s', async (_name, attempts, changes) => {
    expect((await unexplained(attempts, changes)).unexplained).toEqual([]);
  });
});

describe('R5: a change is not explained by', () => {
  it.each<[string, Attempt[], Change]>([
    ['nothing', [], ['a', 'modified']],
    ['an attempt on another path', [write('b')], ['a', 'modified']],
    ['an attempt on a path that only begins alike', [write('a'), rename('d', 'e')], ['ab', 'modified']],
    ['a move of a folder whose name only begins alike', [rename('d', 'e')], ['dx/f', 'deleted', '1']],
    ['a denied attempt', [{ ...write('a'), verdict: 'denied', errno: 'EROFS' }], ['a', 'modified']],
    ['a read', [{ access: 'read', resolved: w('a') }], ['a', 'modified']],
    [
      'the same name outside the workspace',
      [{ access: 'write', resolved: '/artifacts/a', root: 'artifacts' }],
      ['a', 'modified'],
    ],
    ['a change of its mode', [chmod('a')], ['a', 'modified']],
    ['a write without making it', [write('a')], ['a', 'added']],
    ['a write, where it is gone', [write('a')], ['a', 'deleted']],
    ['a write, where its mode changed', [write('a')], ['a', 'mode']],
    ['a write, where it is another kind of thing now', [write('a')], ['a', 'kind']],
    ['making the folder above', [create('d')], ['d/x', 'added']],
    ['deleting the folder above', [remove('d')], ['d/x', 'deleted']],
    ['a rename of something nobody made', [rename('t', 'a')], ['a', 'modified', '1', '2']],
    [
      'a move of a folder in which it never was',
      [create('d'), rename('d', 'e')],
      ['e/x', 'added', undefined, '1'],
    ],
    ['being the source of a rename', [rename('a', 'b')], ['a', 'modified']],
    [
      'a rename the other way round',
      [create('b'), rename('a', 'b', { syscall: 'renameat2', flags: 1 })],
      ['a', 'added', undefined, '1'],
    ],
    ['being linked to', [link('a', 'b')], ['a', 'modified', '1', '2']],
  ])('%s', async (_name, attempts, change) => {
    expect((await unexplained(attempts, [change])).unexplained).toEqual([
      { path: change[0], change: change[1] },
    ]);
  });

  it('a move alone, where the content came out different', async () => {
    const moved: Change[] = [
      ['d/x', 'deleted', '1'],
      ['e/x', 'added', undefined, 'other'],
    ];
    expect((await unexplained([rename('d', 'e')], moved)).unexplained).toEqual([
      { path: 'e/x', change: 'added' },
    ]);
  });

  it('a maze of renames that leads nowhere, however large', async () => {
    const maze: Attempt[] = [];
    for (let room = 0; room < 3_000; room += 1)
      maze.push(rename(`d/s${room}`, 'd'), rename(`r${room}`, `r${room + 1}`));
    const changes: Change[] = [
      ['d/x', 'added', undefined, '1'],
      ['r3000', 'added', undefined, '1'],
      ['plain', 'modified', '1', '2'],
    ];
    expect(
      (await unexplained([...maze, write('plain')], changes)).unexplained.map((one) => one.path),
    ).toEqual(['d/x', 'r3000']);
  });
});

describe('what the watcher saw', () => {
  it('needs an attempt on the path, a move above it, or another name', async () => {
    const seen = (path: string, root: WatchRecord['root'] = 'workspace') => ({ path, root });
    const attempts = [
      write('a'),
      rename('d', 'e'),
      link('h', 'i'),
      { ...write('x'), verdict: 'denied' as const },
      { access: 'create' as const, resolved: '/artifacts/backend/tmp/t' },
    ];
    const watched = [
      seen('a'),
      seen('d/x'),
      seen('e/x/y'),
      seen('h'),
      seen('i'),
      seen('backend/tmp/t', 'artifacts'),
      seen('x'),
      seen('a/b'),
      seen('backend/tmp', 'artifacts'),
    ];
    expect((await unexplained(attempts, [], watched)).watched_unexplained.map((one) => one.path)).toEqual([
      '/workspace/x',
      '/workspace/a/b',
      '/artifacts/backend/tmp',
    ]);
  });

  it('is nothing where it only tells of itself', async () => {
    const watched: Partial<WatchRecord>[] = [
      { event: 'ready', root: 'none' },
      { event: 'error', root: 'workspace', path: 'x' },
      { event: 'drained', root: 'none' },
    ];
    expect((await unexplained([], [], watched)).watched_unexplained).toEqual([]);
  });

  it('may be a name it could not read, which an attempt on that name explains', async () => {
    const result = await unexplained(
      [create('b\udcff')],
      [['b\udcff', 'added']],
      [{ path: 'b\ufffd' }, { path: 'c\ufffd' }],
    );
    expect(result.watched_unexplained.map((one) => one.path)).toEqual(['/workspace/c\ufffd']);
    expect(result.not_watchable).toEqual(['b\udcff']);
  });
});

describe('R5: real work on a real folder', () => {
  let root: string;
  beforeEach(() => {
    root = freshFolder();
  });
  afterEach(() => {
    discard(root);
  });

  const PATH = fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join('/'));
  const ACT = fc.record({
    act: fc.constantFrom('create', 'write', 'mkdir', 'rename', 'link', 'symlink', 'unlink', 'rmdir', 'chmod'),
    path: PATH,
    other: PATH,
    text: fc.constantFrom('1', '2', '3'),
    mode: fc.constantFrom(0o600, 0o700),
  });
  type Act = typeof ACT extends fc.Arbitrary<infer T> ? T : never;

  /** Does it, or fails as the kernel sees fit, and says what the recorder would have recorded. */
  function perform(act: Act): Attempt {
    const [path, other] = [join(root, act.path), join(root, act.other)];
    const trial = (deed: () => void, attempt: Attempt) => {
      try {
        deed();
      } catch {
        // An attempt that failed is recorded like any other.
      }
      return attempt;
    };
    switch (act.act) {
      case 'create':
        return trial(() => writeFileSync(path, act.text, { flag: 'wx', mode: act.mode }), create(act.path));
      case 'write':
        return trial(() => writeFileSync(path, act.text, { flag: 'r+' }), write(act.path));
      case 'mkdir':
        return trial(() => mkdirSync(path, act.mode), create(act.path));
      case 'rename':
        return trial(() => renameSync(path, other), rename(act.path, act.other));
      case 'link':
        return trial(() => linkSync(path, other), link(act.path, act.other));
      case 'symlink':
        return trial(() => symlinkSync('nowhere', path), symlink(act.path));
      case 'unlink':
        return trial(() => unlinkSync(path), remove(act.path));
      case 'rmdir':
        return trial(() => rmdirSync(path), remove(act.path));
      default:
        return trial(() => chmodSync(path, act.mode), chmod(act.path));
    }
  }

  async function tree() {
    return (await digestTree(root, { maxEntries: 1_000, maxBytes: 1 << 20 })).entries;
  }

  async function judge(attempts: Attempt[], before: Awaited<ReturnType<typeof tree>>) {
    const changes = diffTrees(before, await tree());
    const index = await indexAttempts(stream(attempts.map(record)));
    return { changes, ...reconcile({ changes, attempts: index, watch: await indexWatch(stream([])) }) };
  }

  it('is explained whole by its own attempts, whatever was done before and in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(ACT, { maxLength: 12 }),
        fc.array(ACT, { maxLength: 25 }),
        async (first, then) => {
          discard(root);
          mkdirSync(root);
          // No hard links to begin with: copies of fixtures have none.
          for (const act of first) if (act.act !== 'link') perform(act);
          const before = await tree();
          expect((await judge(then.map(perform), before)).unexplained).toEqual([]);
        },
      ),
      { numRuns: Number(process.env.FUZZ ?? 150) },
    );
  }, 600_000);

  it('is not explained where something happened that nobody recorded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(ACT, { maxLength: 8 }),
        fc.array(ACT, { maxLength: 15 }),
        async (first, then) => {
          discard(root);
          mkdirSync(root);
          mkdirSync(join(root, 'secret'));
          for (const name of ['written', 'deleted', 'mode'])
            writeFileSync(join(root, 'secret', name), 'x', { mode: 0o600 });
          for (const act of first) if (act.act !== 'link') perform(act);
          const before = await tree();
          const attempts = then.map(perform);
          writeFileSync(join(root, 'secret', 'written'), 'y');
          writeFileSync(join(root, 'secret', 'added'), 'z');
          unlinkSync(join(root, 'secret', 'deleted'));
          chmodSync(join(root, 'secret', 'mode'), 0o700);
          expect((await judge(attempts, before)).unexplained).toEqual([
            { path: 'secret/added', change: 'added' },
            { path: 'secret/mode', change: 'mode' },
            { path: 'secret/written', change: 'modified' },
            { path: 'secret/deleted', change: 'deleted' },
          ]);
        },
      ),
      { numRuns: 50 },
    );
  }, 600_000);
});
