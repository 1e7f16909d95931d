/** reconcile against a real folder and real work on it. */
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
import { indexAttempts, indexWatch, reconcile } from '../../src/witness/reconcile.ts';
import { diffTrees, digestTree } from '../../src/witness/tree.ts';
import {
  type Attempt,
  chmod,
  create,
  link,
  record,
  remove,
  rename,
  stream,
  symlink,
  write,
} from './attempts.ts';
import { discard, freshFolder } from './hostile-tree.ts';

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
