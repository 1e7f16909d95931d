/**
 * Copies a fixture's workspace for one run. Never follows a link, never copies one that points outside, and never
 * lends a right: no setuid bit, no device, no repository of somebody else's making.
 */
import { closeSync, constants, lstatSync, mkdirSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { ProofboxError } from '../errors.ts';
import { decodeBytes, decodeName, encodeBytes } from '../witness/bytes.ts';
import { openRegular } from '../witness/content.ts';
import { type Step, TreeWalk } from '../witness/walk.ts';
import { copyTree } from './copy-tree.ts';
import { type Original, type Owner, settleOpen } from './ownership.ts';

export { type CopiedTree, type CopyTreeOptions, copyTree } from './copy-tree.ts';
export type { Owner } from './ownership.ts';

/** No fixture is that large; a folder given by mistake is. */
const MAX_FIXTURE_ENTRIES = 1_000_000;
const NO_LIMITS = { maxEntries: MAX_FIXTURE_ENTRIES, maxBytes: Number.MAX_SAFE_INTEGER };

/**
 * Copies the folder `from` to `to`, which must not exist yet. Owner as given (where the caller is root), times as in
 * the original, permission bits as git would check it out with umask 022: 755 for folders and programs, 644 for other
 * files, so that a fixture has the same digest on every machine.
 * @throws ProofboxError `invalid_input` where `from` is a link or no folder, or holds a device, FIFO, socket,
 *   unreadable entry, `.git`, a name that is not UTF-8, or a link that is absolute or points outside
 */
export async function copyFixture(from: string, to: string, owner: Owner): Promise<void> {
  const root = requireFolder(from);
  const expected = inspect(from);
  mkdirSync(to, { mode: 0o755 });
  const { entries } = await copyTree(from, to, { ...owner, limits: NO_LIMITS, permissions: checkedOut });
  if (entries !== expected) throw changed(from);
  settleRoot(to, { mode: checkedOut(root), atime: root.atime, mtime: root.mtime }, owner);
}

function requireFolder(path: string): Stats {
  let stat: Stats;
  try {
    // A final slash would make lstat follow a link.
    stat = lstatSync(path.replace(/(?<=.)\/+$/, ''));
  } catch (cause) {
    throw refused(
      `the fixture's workspace ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      'give the path of a folder that exists',
      cause,
    );
  }
  if (stat.isSymbolicLink())
    throw refused(`the fixture's workspace ${path} is a symbolic link`, 'give the path of the folder itself');
  if (!stat.isDirectory())
    throw refused(`the fixture's workspace ${path} is not a folder`, 'give the path of a folder');
  return stat;
}

/** Looks at every entry before anything is copied. @returns how many there are */
function inspect(from: string): number {
  let entries = 0;
  const walk = new TreeWalk(from, { maxEntries: MAX_FIXTURE_ENTRIES });
  for (const step of walk.steps()) {
    if (step.at === 'leave') continue;
    const problem = findProblem(walk, step);
    if (problem !== null)
      throw refused(
        `the fixture's workspace holds ${JSON.stringify(step.path)}, ${problem.what}`,
        problem.fix,
      );
    entries += 1;
  }
  if (walk.truncated) throw changed(from);
  return entries;
}

/** Permission bits as git would give them, with umask 022. */
function checkedOut({ mode }: Stats): number {
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR;
  return isFolder || (mode & 0o100) !== 0 ? 0o755 : 0o644;
}

function findProblem(walk: TreeWalk, step: Step & { at: 'entry' }): { what: string; fix: string } | null {
  const { kind, path, name } = step;
  if (decodeName(name).toLowerCase() === '.git') {
    return {
      what: "which is somebody's git repository",
      fix: 'remove it: a run makes its own repository in the copy',
    };
  }
  if (encodeBytes(path).toString('utf8') !== path)
    return { what: 'a name that is not UTF-8', fix: 'rename it' };
  if (kind === 'unreadable' || (kind === 'file' && !canRead(walk, step)))
    return { what: 'which cannot be read', fix: 'make it readable or remove it' };
  if (kind === 'fifo' || kind === 'socket' || kind === 'device')
    return { what: `a ${kind}`, fix: 'a fixture holds files, folders and links only: remove it' };
  if (kind !== 'link') return null;
  const target = decodeBytes(readlinkSync(walk.directories.at(name), { encoding: 'buffer' }));
  if (encodeBytes(target).toString('utf8') !== target) {
    return { what: 'a link whose target is not UTF-8', fix: 'point it at another name' };
  }
  const where = leadsOutside(target, walk.directories.depth);
  return where === null
    ? null
    : {
        what: `a link to ${JSON.stringify(target)}, which ${where}`,
        fix: 'make it relative and let it stay inside the workspace, or remove it',
      };
}

function canRead(walk: TreeWalk, step: Step & { at: 'entry' }): boolean {
  const file = step.stat === null ? null : openRegular(walk.directories.at(step.name), step.stat);
  if (file !== null) closeSync(file.fd);
  return file !== null;
}

/**
 * Why a link may not be copied, or null. Leading `..` climb real folders, so they can be counted; a `..` after a
 * name might climb out through another link, so it is refused whatever it would lead to.
 */
function leadsOutside(target: string, depth: number): string | null {
  if (target.startsWith('/')) return 'is absolute';
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const climbs = parts.findIndex((part) => part !== '..');
  const leading = climbs === -1 ? parts.length : climbs;
  if (leading > depth) return 'leaves the workspace';
  return parts.slice(leading).includes('..') ? 'climbs up again after a name' : null;
}

function settleRoot(to: string, kept: Original, owner: Owner): void {
  const fd = openSync(to, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  settleOpen(fd, kept, owner);
  closeSync(fd);
}

function changed(from: string): ProofboxError {
  return refused(
    `the fixture's workspace ${from} holds more than ${MAX_FIXTURE_ENTRIES} entries or changed while it was read`,
    'give a smaller folder that nothing changes',
  );
}

function refused(message: string, fix: string, cause?: unknown): ProofboxError {
  return new ProofboxError('invalid_input', message, { fix, ...(cause === undefined ? {} : { cause }) });
}
