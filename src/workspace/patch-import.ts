/**
 * Feeds the changed files of two trees to `git fast-import` as two commits. Contents come from descriptors of
 * regular files that we opened ourselves; git never opens a path of either tree.
 */
import { closeSync, readlinkSync } from 'node:fs';
import { execa } from 'execa';
import type { TreeEntry } from '../schema/tree.ts';
import { encodeBytes } from '../witness/bytes.ts';
import { CHUNK, chunks, openRegular } from '../witness/content.ts';
import { type Step, TreeWalk } from '../witness/walk.ts';
import { gitMode } from './expressible.ts';
import { gitCommand, gitFailed } from './git.ts';
import { leavesOut } from './leave-out.ts';
import type { PatchedPath, PatchRequest } from './patch-plan.ts';

/** The two commits, as refs of the scratch repository. */
export const SIDES = { before: 'refs/heads/before', after: 'refs/heads/after' } as const;

/**
 * Imports both sides.
 * @returns what kept it from being complete, or null
 * @throws ProofboxError `host` where git is missing or fails
 */
export async function importTrees(
  repository: string,
  request: PatchRequest,
  patched: readonly PatchedPath[],
  timeoutMs: number,
): Promise<string | null> {
  const input = commits(request, patched);
  const { file, args, options } = gitCommand({ repository }, [
    '-c',
    'core.bigFileThreshold=1m',
    'fast-import',
    '--quiet',
    '--done',
  ]);
  try {
    const result = await execa(file, args, {
      ...options,
      stdin: input,
      stdout: 'ignore',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      reject: false,
    });
    if (result.timedOut) return `git took longer than ${timeoutMs} ms to read the trees`;
    if (result.cause instanceof TreeMoved) return result.cause.message;
    if (result.failed)
      throw gitFailed('fast-import', result.stderr || (result.shortMessage ?? ''), result.cause);
    return null;
  } catch (error) {
    if (error instanceof TreeMoved) return error.message;
    throw error;
  }
}

/** A file is no longer what was digested a moment ago, so no patch of it can be right. */
class TreeMoved extends Error {}

async function* commits(request: PatchRequest, patched: readonly PatchedPath[]): AsyncGenerator<Buffer> {
  for (const side of ['before', 'after'] as const) {
    const wanted = new Map<string, TreeEntry>();
    for (const pair of patched) {
      const entry = pair[side];
      if (entry !== undefined && gitMode(entry) !== null) wanted.set(pair.path, entry);
    }
    yield Buffer.from(
      `commit ${SIDES[side]}\ncommitter proofbox <proofbox@localhost> 946684800 +0000\ndata 0\n`,
    );
    yield* entriesOf(request[side], leavesOut(request.leaveOut), wanted);
  }
  yield Buffer.from('done\n');
}

async function* entriesOf(
  root: string,
  leaveOut: (path: string) => boolean,
  wanted: Map<string, TreeEntry>,
): AsyncGenerator<Buffer> {
  const walk = new TreeWalk(root, { maxEntries: Number.MAX_SAFE_INTEGER, leaveOut });
  for (const step of walk.steps()) {
    const entry = step.at === 'leave' ? undefined : wanted.get(step.path);
    if (entry === undefined || step.at === 'leave' || step.kind === 'dir') continue;
    wanted.delete(step.path);
    yield Buffer.concat([
      Buffer.from(`M ${gitMode(entry)} inline `),
      quote(encodeBytes(step.path)),
      Buffer.from(`\ndata ${entry.size}\n`),
    ]);
    yield* content(walk, step, entry);
    yield Buffer.from('\n');
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
    for (const chunk of chunks(file.fd, entry.size, Buffer.allocUnsafe(CHUNK))) yield Buffer.from(chunk);
  } finally {
    closeSync(file.fd);
  }
}

/** A path as fast-import wants it where it holds anything special: every such byte as an octal escape. */
function quote(path: Buffer): Buffer {
  let text = '"';
  for (const byte of path) {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return Buffer.from(`${text}"`);
}
