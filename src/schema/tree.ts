/** A tree of digests: what stands in a folder at one moment, links not followed. */
import { z } from 'zod';
import { Digest, Nonce } from './common.ts';

export const EntryKind = z.enum(['file', 'dir', 'link', 'fifo', 'socket', 'device', 'unreadable']);

/** One entry. `path` is relative to the root, bytes as in WriteRecord (PEP 383). */
export const TreeEntry = z.strictObject({
  path: z.string(),
  kind: EntryKind,
  mode: z.int().describe('permission bits, 0..07777'),
  size: z.int().describe('bytes; 0 for anything but files and links'),
  digest: Digest.nullable().describe("of a file's content or a link's target text; null for the rest"),
});
export type TreeEntry = z.infer<typeof TreeEntry>;

/** `trees.json`: the workspace before and after, so that a reader can check every change alone. */
export const Trees = z.strictObject({
  schema: z.literal('proofbox.trees/v1'),
  nonce: Nonce,
  before: z.strictObject({ digest: Digest, entries: z.array(TreeEntry) }),
  after: z.strictObject({ digest: Digest, entries: z.array(TreeEntry), truncated: z.boolean() }),
});
export type Trees = z.infer<typeof Trees>;

/** A difference between two trees. */
export const TreeChange = z.strictObject({
  path: z.string(),
  change: z.enum(['added', 'modified', 'deleted', 'mode', 'kind']),
  before: Digest.nullable(),
  after: Digest.nullable(),
});
export type TreeChange = z.infer<typeof TreeChange>;

/** One line of `watch.jsonl`: what the host watcher saw. */
export const WatchRecord = z.strictObject({
  seq: z.int().min(1),
  t_ms: z.number().min(0).describe('monotonic, since the run began'),
  event: z.enum(['ready', 'add', 'addDir', 'change', 'unlink', 'unlinkDir', 'error', 'drained']),
  root: z.enum(['workspace', 'artifacts', 'none']),
  path: z.string().describe('relative to the root; "" for ready and drained'),
  nonce: Nonce.optional().describe('on the first line only'),
  message: z.string().optional(),
});
export type WatchRecord = z.infer<typeof WatchRecord>;
