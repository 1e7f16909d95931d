/**
 * The patch from the pristine copy to what an engine left. Both trees are only read, by our own walker; git sees
 * contents and names through a pipe and works in an empty repository of ours, so nothing in the trees (a `.git`,
 * attributes, links, special files) can make it run, follow or write anything.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestTree } from '../witness/tree.ts';
import { emptyRepository } from './git.ts';
import { leavesOut, withoutState } from './leave-out.ts';
import { importTrees } from './patch-import.ts';
import { type PatchedPath, type PatchRequest, planPatch } from './patch-plan.ts';
import { writePatch } from './patch-write.ts';
import { removeTree } from './remove.ts';

export interface Patch {
  /** paths the patch changes */
  files: number;
  /** size of the patch */
  bytes: number;
  /** changed paths the patch does not or not exactly reproduce: folders without files, special files, other modes */
  inexpressible: string[];
  /** why there is no patch (`out` is then empty); null where it is whole but for `inexpressible` */
  problem: string | null;
}

const DEFAULT_ENTRIES = 1_000_000;
const DEFAULT_TIMEOUT_MS = 120_000;

/**
 * Writes `out`, which applies to `before` with `git apply` and then gives `after`, but for what is inexpressible.
 * @throws the system's error where a tree or the scratch cannot be used; ProofboxError `host` where git is missing
 */
export async function makePatch(request: PatchRequest): Promise<Patch> {
  const options = {
    maxEntries: request.maxEntries ?? DEFAULT_ENTRIES,
    maxBytes: request.maxBytes,
    leaveOut: leavesOut(request.leaveOut),
  };
  const before = request.trees?.before ?? (await digestTree(request.before, options));
  const after = request.trees?.after ?? (await digestTree(request.after, options));
  const { patched, inexpressible } = planPatch(
    withoutState(before.entries, request.leaveOut),
    withoutState(after.entries, request.leaveOut),
  );
  await writeFile(request.out, '', { flag: 'wx' });
  let outcome = { bytes: 0, problem: null as string | null };
  if (patched.length > 0) outcome = await inScratch(request, patched);
  const truncated =
    before.truncated || after.truncated ? 'a tree is larger than the limits allow to read' : null;
  const problem = outcome.problem ?? truncated;
  if (outcome.problem !== null) for (const { path } of patched) inexpressible.add(path);
  return {
    files: outcome.problem === null ? patched.length : 0,
    bytes: outcome.bytes,
    inexpressible: [...inexpressible],
    problem,
  };
}

async function inScratch(
  request: PatchRequest,
  patched: PatchedPath[],
): Promise<{ bytes: number; problem: string | null }> {
  await mkdir(request.scratch, { mode: 0o700 });
  try {
    const repository = join(request.scratch, 'repository');
    await emptyRepository(repository, 'bare');
    const limits = { maxBytes: request.maxBytes, timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS };
    const trees = await importTrees(repository, request, patched, limits.timeoutMs);
    if ('problem' in trees) return { bytes: 0, problem: trees.problem };
    return await writePatch(repository, trees, request.out, limits);
  } finally {
    await (request.discard ?? removeTree)(request.scratch);
  }
}
