/**
 * Copies a fixture's workspace for one run. Never follows a link, never copies one that points outside, and never
 * lends a right: no setuid bit, no device, no repository of somebody else's making.
 */
import { closeSync, constants, lstatSync, mkdirSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-fs';
import { ProofboxError } from '../errors.ts';
import { decodeBytes, decodeName, encodeBytes } from '../witness/bytes.ts';
import { openRegular } from '../witness/content.ts';
import { type Step, TreeWalk } from '../witness/walk.ts';
import { type Original, type Owner, settleLink, settleOpen } from './ownership.ts';

export type { Owner } from './ownership.ts';
export { type CopiedResult, type CopyResultOptions, copyResult } from './result.ts';

/** No fixture is that large; a folder given by mistake is. */
const MAX_FIXTURE_ENTRIES = 1_000_000;

/**
 * Copies the folder `from` to `to`, which must not exist yet. Owner as given (where the caller is root), times as in
 * the original, permission bits as git would check it out with umask 022: 755 for folders and programs, 644 for other
 * files, so that a fixture has the same digest on every machine.
 * @throws ProofboxError `invalid_input` where `from` is a link or no folder, or holds a device, FIFO, socket,
 *   unreadable entry, `.git`, a name that is not UTF-8, or a link that is absolute or points outside
 */
export async function copyFixture(from: string, to: string, owner: Owner): Promise<void> {
  requireFolder(from);
  const originals = inspect(from);
  mkdirSync(to, { mode: 0o755 });
  // Options that the package's types do not know: links were judged by `inspect`, whose rule is stricter about
  // where they lead and does not depend on the order of extraction; all stays writable until it is settled.
  const options = { dmode: 0o700, fmode: 0o600, umask: 0, chown: false, validateSymlinks: false };
  await pipeline(tar.pack(from, { umask: 0, strict: true } as object), tar.extract(to, options));
  settle(to, originals, owner);
}

function requireFolder(path: string): void {
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
}

/** Looks at every entry before anything is copied; what `settle` needs of each, by path. */
function inspect(from: string): Map<string, Original> {
  const originals = new Map([['', original(lstatSync(from))]]);
  const walk = new TreeWalk(from, { maxEntries: MAX_FIXTURE_ENTRIES });
  for (const step of walk.steps()) {
    if (step.at === 'leave') continue;
    const problem = findProblem(walk, step);
    if (problem !== null)
      throw refused(
        `the fixture's workspace holds ${JSON.stringify(step.path)}, ${problem.what}`,
        problem.fix,
      );
    if (step.stat !== null) originals.set(step.path, original(step.stat));
  }
  if (walk.truncated) {
    throw refused(
      `the fixture's workspace ${from} holds more than ${MAX_FIXTURE_ENTRIES} entries or changed while it was read`,
      'give a smaller folder that nothing changes',
    );
  }
  return originals;
}

function original({ mode, atime, mtime }: Stats): Original {
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR;
  return { mode: isFolder || (mode & 0o100) !== 0 ? 0o755 : 0o644, atime, mtime };
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

/** Owner, mode and times, folders after their content: a tar stream keeps neither a link's owner nor milliseconds. */
function settle(to: string, originals: Map<string, Original>, owner: Owner): void {
  const walk = new TreeWalk(to, { maxEntries: MAX_FIXTURE_ENTRIES });
  let count = 1;
  const root = originals.get('');
  for (const step of walk.steps()) {
    const kept = originals.get(step.path);
    if (kept === undefined) throw new Error(`the copy holds ${step.path}, which the fixture does not`);
    if (step.at === 'leave') {
      settleOpen(walk.directories.fd, kept, owner);
      continue;
    }
    settleEntry(walk, step, kept, owner);
    count += 1;
  }
  if (count !== originals.size || walk.truncated || root === undefined)
    throw new Error('the copy of the fixture is not complete');
  settleRoot(to, root, owner);
}

function settleEntry(walk: TreeWalk, step: Step & { at: 'entry' }, kept: Original, owner: Owner): void {
  if (step.kind === 'link') settleLink(walk.directories.at(step.name), kept, owner);
  if (step.kind !== 'file' || step.stat === null) return;
  const file = openRegular(walk.directories.at(step.name), step.stat);
  if (file === null) throw new Error(`the copy ${step.path} cannot be opened`);
  settleOpen(file.fd, kept, owner);
  closeSync(file.fd);
}

function settleRoot(to: string, kept: Original, owner: Owner): void {
  const fd = openSync(to, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  settleOpen(fd, kept, owner);
  closeSync(fd);
}

function refused(message: string, fix: string, cause?: unknown): ProofboxError {
  return new ProofboxError('invalid_input', message, { fix, ...(cause === undefined ? {} : { cause }) });
}
