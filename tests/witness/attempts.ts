/** Records as the recorder writes them, for the tests of reconcile. */
import { WriteRecord } from '../../src/schema/recorder.ts';
import type { TreeChange, WatchRecord } from '../../src/schema/tree.ts';
import { indexAttempts, indexWatch, reconcile } from '../../src/witness/reconcile.ts';

export type Attempt = Partial<WriteRecord> & Pick<WriteRecord, 'access' | 'resolved'>;
export type Change = [
  path: string,
  change: TreeChange['change'],
  before?: string | undefined,
  after?: string | undefined,
];

export async function* stream<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

export function record(attempt: Attempt, index: number): WriteRecord {
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

export const w = (path: string) => `/workspace/${path}`;
export const create = (path: string): Attempt => ({ access: 'create', resolved: w(path) });
export const write = (path: string): Attempt => ({ access: 'write', resolved: w(path) });
export const remove = (path: string): Attempt => ({ access: 'delete', resolved: w(path) });
export const chmod = (path: string): Attempt => ({ access: 'metadata', resolved: w(path) });
export const rename = (path: string, to: string, more: Partial<WriteRecord> = {}): Attempt => ({
  access: 'rename',
  resolved: w(path),
  resolved2: w(to),
  ...more,
});
export const link = (path: string, to: string): Attempt => ({
  access: 'link',
  resolved: w(path),
  resolved2: w(to),
});
export const symlink = (path: string): Attempt => ({ access: 'link', resolved: w(path) });

/** What reconcile finds unexplained. */
export async function unexplained(
  attempts: Attempt[],
  changes: Change[],
  watched: Partial<WatchRecord>[] = [],
) {
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
