import { describe, expect, it } from 'vitest';
import type { TreeEntry } from '../../src/schema/tree.ts';
import { diffTrees } from '../../src/witness/tree.ts';

describe('differences between two trees', () => {
  const file = (path: string, digest: string | null, more: Partial<TreeEntry> = {}): TreeEntry => ({
    path,
    kind: 'file',
    mode: 0o644,
    size: 1,
    digest: digest as TreeEntry['digest'],
    ...more,
  });

  it('are added, modified, deleted, mode and kind', () => {
    const before = [
      file('same', 'sha256:1'),
      file('text', 'sha256:1'),
      file('gone', 'sha256:1'),
      file('mode', 'sha256:1'),
      file('kind', 'sha256:1'),
    ];
    const after = [
      file('same', 'sha256:1'),
      file('text', 'sha256:2'),
      file('mode', 'sha256:1', { mode: 0o755 }),
      file('kind', null, { kind: 'fifo', size: 0 }),
      file('new', 'sha256:3'),
    ];
    expect(diffTrees(before, after).map((change) => [change.path, change.change])).toEqual([
      ['text', 'modified'],
      ['mode', 'mode'],
      ['kind', 'kind'],
      ['new', 'added'],
      ['gone', 'deleted'],
    ]);
  });

  it('tell both that a content and that a mode changed', () => {
    const changes = diffTrees([file('a', 'sha256:1')], [file('a', 'sha256:2', { mode: 0o600 })]);
    expect(changes.map((change) => change.change)).toEqual(['modified', 'mode']);
  });

  it('count what nobody could read as changed', () => {
    expect(diffTrees([file('a', null)], [file('a', null)])).toHaveLength(1);
    const unreadable = file('a', null, { kind: 'unreadable' });
    expect(diffTrees([unreadable], [unreadable])).toHaveLength(1);
    const folder = file('a', null, { kind: 'dir', size: 0 });
    expect(diffTrees([folder], [folder])).toEqual([]);
  });
});
