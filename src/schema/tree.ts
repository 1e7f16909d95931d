/** A tree of digests: what stands in a folder at one moment, links not followed. */

import { Digest, Nonce } from './common.ts';
import * as z from './zod.ts';

export const EntryKind = z.enum(['file', 'dir', 'link', 'fifo', 'socket', 'device', 'unreadable']);

/** One entry. `path` is relative to the root, bytes as in WriteRecord (PEP 383). */
export const TreeEntry = z
  .strictObject({
    path: z.string().describe('relative to the root, lossless'),
    kind: EntryKind.describe('by lstat; `unreadable` where the system refused'),
    mode: z.int().describe('permission bits, 0..07777'),
    size: z.int().describe('bytes; 0 for anything but files and links'),
    digest: Digest.nullable().describe("of a file's content or a link's target text; null for the rest"),
  })
  .meta({ id: 'TreeEntry' });
export type TreeEntry = z.infer<typeof TreeEntry>;

/** `trees.json`: the workspace before and after, so that a reader can check every change alone. */
export const Trees = z.strictObject({
  schema: z.literal('proofbox.trees/v1'),
  nonce: Nonce.describe('made by the harness for this run'),
  before: z.strictObject({
    digest: Digest.describe('over all entries'),
    entries: z.array(TreeEntry).describe('a folder before its content, siblings by the bytes of their names'),
  }),
  after: z.strictObject({
    digest: Digest.describe('over all entries'),
    entries: z.array(TreeEntry).describe('in the same order'),
    truncated: z.boolean().describe('a limit ended the walk: not everything was seen'),
  }),
});
export type Trees = z.infer<typeof Trees>;

/** A difference between two trees. */
export const TreeChange = z.strictObject({
  path: z.string().describe('relative to the workspace'),
  change: z.enum(['added', 'modified', 'deleted', 'mode', 'kind']).describe('how it differs'),
  before: Digest.nullable().describe('digest before; null where there was none'),
  after: Digest.nullable().describe('digest after; null where there is none'),
});
export type TreeChange = z.infer<typeof TreeChange>;

/** One line of `watch.jsonl`: what the host watcher saw. */
export const WatchRecord = z.strictObject({
  seq: z.int().min(1).describe('from 1 without a gap'),
  t_ms: z.number().min(0).describe('monotonic, since the run began'),
  event: z
    .enum(['ready', 'add', 'addDir', 'change', 'unlink', 'unlinkDir', 'error', 'drained'])
    .describe("as chokidar names it, and the harness's own `ready`, `error` and `drained`"),
  root: z.enum(['workspace', 'artifacts', 'none']).describe('which of the two folders'),
  path: z.string().describe('relative to the root; "" for ready and drained'),
  nonce: Nonce.optional().describe('on the first line only'),
  message: z.string().optional().describe('of an error'),
});
export type WatchRecord = z.infer<typeof WatchRecord>;
