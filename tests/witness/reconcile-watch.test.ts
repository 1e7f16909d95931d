/** reconcile: what the watcher saw must be explained too. */
import { describe, expect, it } from 'vitest';
import type { WatchRecord } from '../../src/schema/tree.ts';
import { create, link, rename, unexplained, write } from './attempts.ts';

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
