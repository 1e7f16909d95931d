import { describe, expect, it, vi } from 'vitest';
import {
  type Attempt,
  type Change,
  chmod,
  create,
  link,
  remove,
  rename,
  symlink,
  unexplained,
  w,
  write,
} from './attempts.ts';

// A hang is what fails here; a busy machine is none.
vi.setConfig({ testTimeout: 120_000 });

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
