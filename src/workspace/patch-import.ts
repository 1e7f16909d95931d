/**
 * Feeds the changed files of two trees to git: contents to `git fast-import`, from descriptors of regular files that we
 * opened ourselves, and names to `git mktree`. Git never opens a path of either tree.
 */
import { createHash } from 'node:crypto';
import { closeSync, readlinkSync } from 'node:fs';
import type { TreeEntry } from '../schema/tree.ts';
import { encodeBytes } from '../witness/bytes.ts';
import { CHUNK, chunks, openRegular } from '../witness/content.ts';
import { type Step, TreeWalk, UNBOUNDED } from '../witness/walk.ts';
import { gitMode } from './expressible.ts';
import { gitCommand, gitFailed } from './git.ts';
import { GitTree } from './git-trees.ts';
import { leavesOut } from './leave-out.ts';
import type { PatchedPath, PatchRequest } from './patch-plan.ts';

/** Ids of the two trees in the scratch repository. */
export interface Trees {
  before: string;
  after: string;
}

/**
 * Imports both sides.
 * @returns the two trees, or what kept them from being complete
 * @throws ProofboxError `host` where git is missing or fails
 */
export async function importTrees(
  repository: string,
  request: PatchRequest,
  patched: readonly PatchedPath[],
  timeoutMs: number,
): Promise<Trees | { problem: string }> {
  const sides = { before: new GitTree(), after: new GitTree() };
  const command = gitCommand({ repository }, [
    '-c',
    'core.bigFileThreshold=1m',
    'fast-import',
    '--quiet',
    '--done',
  ]);
  try {
    const result = await fed(command, gathered(blobs(request, patched, sides)), timeoutMs);
    if (result.timedOut) return { problem: `git took longer than ${timeoutMs} ms to read the trees` };
    if (result.cause instanceof TreeMoved) return { problem: result.cause.message };
    if (result.failed)
      throw gitFailed('fast-import', result.stderr || (result.shortMessage ?? ''), result.cause);
  } catch (error) {
    if (error instanceof TreeMoved) return { problem: error.message };
    throw error;
  }
  return writeTrees(repository, sides, timeoutMs);
}

/** @throws ProofboxError `host` where git fails, or makes another tree than the one that was described to it */
async function writeTrees(
  repository: string,
  sides: Record<'before' | 'after', GitTree>,
  timeoutMs: number,
): Promise<Trees> {
  const before = sides.before.records();
  const after = sides.after.records();
  const records = [...before.records, ...after.records];
  // A tree of nothing is not asked for.
  const ids = [before, after].flatMap((side) => (side.records.length === 0 ? [] : side.ids));
  if (records.length > 0) {
    const result = await fed(
      gitCommand({ repository }, ['mktree', '-z', '--batch']),
      gathered(records),
      timeoutMs,
    );
    if (result.failed) throw gitFailed('mktree', result.stderr || (result.shortMessage ?? ''), result.cause);
    if (result.stdout !== ids.join('\n'))
      throw gitFailed('mktree', 'it made other trees than were described');
  }
  return { before: before.ids.at(-1) ?? '', after: after.ids.at(-1) ?? '' };
}

async function fed(
  { file, args, options }: ReturnType<typeof gitCommand>,
  stdin: AsyncGenerator<Buffer>,
  timeout: number,
) {
  const { execa } = await import('execa');
  return execa(file, args, {
    ...options,
    stdin,
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 512 << 20,
    reject: false,
  });
}

/** A file is no longer what was digested a moment ago, so no patch of it can be right. */
class TreeMoved extends Error {}

async function* blobs(
  request: PatchRequest,
  patched: readonly PatchedPath[],
  sides: Record<'before' | 'after', GitTree>,
): AsyncGenerator<Buffer> {
  for (const side of ['before', 'after'] as const) {
    const wanted = new Map<string, TreeEntry>();
    for (const pair of patched) {
      const entry = pair[side];
      if (entry !== undefined && gitMode(entry) !== null) wanted.set(pair.path, entry);
    }
    yield* entriesOf(request[side], leavesOut(request.leaveOut), wanted, sides[side]);
  }
  yield Buffer.from('done\n');
}

/** Pieces of some size: a pipe takes as long for one byte as for many. */
async function* gathered(pieces: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    bytes += piece.length;
    if (bytes < CHUNK) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

/** Every folder above one of the paths. */
function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const path of paths)
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  return folders;
}

async function* entriesOf(
  root: string,
  leaveOut: (path: string) => boolean,
  wanted: Map<string, TreeEntry>,
  tree: GitTree,
): AsyncGenerator<Buffer> {
  const above = foldersOf(wanted.keys());
  const walk = new TreeWalk(root, {
    ...UNBOUNDED,
    leaveOut: (path) => (!wanted.has(path) && !above.has(path)) || leaveOut(path),
  });
  for (const step of walk.steps()) {
    const entry = step.at === 'leave' ? undefined : wanted.get(step.path);
    if (entry === undefined || step.at === 'leave' || step.kind === 'dir') continue;
    wanted.delete(step.path);
    const id = createHash('sha1').update(`blob ${entry.size}\0`);
    yield Buffer.from(`blob\ndata ${entry.size}\n`);
    for await (const chunk of content(walk, step, entry)) {
      id.update(chunk);
      yield chunk;
    }
    yield Buffer.from('\n');
    tree.add(encodeBytes(step.path), gitMode(entry) ?? '', id.digest('hex'));
  }
  if (wanted.size > 0) throw new TreeMoved('a file vanished while the patch was made');
}

async function* content(
  walk: TreeWalk,
  step: Step & { at: 'entry' },
  entry: TreeEntry,
): AsyncGenerator<Buffer> {
  const path = walk.directories.at(step.name);
  if (entry.kind === 'link' && step.kind === 'link') {
    const target = readlinkSync(path, { encoding: 'buffer' });
    if (target.length !== entry.size) throw new TreeMoved('a link changed while the patch was made');
    yield target;
    return;
  }
  const file = step.stat === null || entry.kind !== step.kind ? null : openRegular(path, step.stat);
  if (file === null) throw new TreeMoved('a file was replaced while the patch was made');
  try {
    if (file.stat.size !== entry.size) throw new TreeMoved('a file grew or shrank while the patch was made');
    // A buffer of its own for each chunk: the pipe may still hold the last one.
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, entry.size)));
    for (const chunk of chunks(file.fd, entry.size, buffer)) yield Buffer.from(chunk);
  } finally {
    closeSync(file.fd);
  }
}
