/** What a git patch can say about a path or an entry, and what `git apply` refuses on purpose. Pure. */
import type { TreeEntry } from '../schema/tree.ts';
import { encodeBytes } from '../witness/bytes.ts';

/** `git apply` opens what a patch names: longer paths cannot be opened at all. */
const MAX_PATH_BYTES = 4000;

/** Characters that HFS+ ignores in names, so that git takes `.g<one of them>it` for `.git`. */
const IGNORED_ON_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** `.git` however a file system of another make would spell it; git refuses them everywhere. */
const LIKE_GIT = /^(?:\.git|git~\d+)[ .]*(?::.*)?$/is;

/**
 * What git never lets a link be called, in any folder of its path: `.gitmodules`, also as Windows might shorten it.
 * Wider than git's own rule, which need not be copied for names that nobody uses.
 */
const LIKE_GITMODULES = /^\.gitmodules|~[0-9]/i;

/** True where `git apply` accepts the path in a patch. */
export function isPathExpressible(path: string): boolean {
  if (path.length > MAX_PATH_BYTES || encodeBytes(path).length > MAX_PATH_BYTES) return false;
  return namesOf(path).every((name) => !LIKE_GIT.test(name));
}

/** The mode git gives an entry, or null where git has none for it or its content was not read. */
export function gitMode(entry: TreeEntry | undefined): '100644' | '100755' | '120000' | null {
  if (entry === undefined || entry.digest === null) return null;
  if (entry.kind === 'link')
    return namesOf(entry.path).some((name) => LIKE_GITMODULES.test(name)) ? null : '120000';
  if (entry.kind !== 'file') return null;
  return (entry.mode & 0o100) === 0 ? '100644' : '100755';
}

/** True where the patch, applied, leaves exactly this entry: git knows only 644 and 755. */
export function isExact(entry: TreeEntry): boolean {
  return entry.kind !== 'file' || entry.mode === 0o644 || entry.mode === 0o755;
}

/** The names in a path as the strictest file system would read them. */
function namesOf(path: string): string[] {
  return path.replace(IGNORED_ON_HFS, '').split(/[/\\]/);
}
