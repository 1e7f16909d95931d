/**
 * Digests what stands in a folder at one moment. The folder is hostile: links are never followed, devices,
 * FIFOs and sockets never opened, and no size, depth or name makes it hang or grow without bound.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readlinkSync } from 'node:fs';
import type { Digest } from '../schema/common.ts';
import type { TreeEntry } from '../schema/tree.ts';
import { CHUNK, digestBytes, digestOpen, openRegular } from './content.ts';
import type { DigestThread } from './digest-thread.ts';
import { pace } from './pace.ts';
import { type Step, TreeWalk } from './walk.ts';

export { diffTrees } from './difference.ts';

export interface TreeOptions {
  /** files, folders and everything else; beyond it the tree is truncated */
  maxEntries: number;
  /** content that is read, in bytes; a file that does not fit in what is left has no digest and truncates the tree */
  maxBytes: number;
  /** true for what is left out, with everything below it; `path` as in TreeEntry */
  leaveOut?: ((path: string) => boolean) | undefined;
  signal?: AbortSignal | undefined;
}

export interface TreeDigest {
  digest: Digest;
  /** a folder before its content, siblings in the order of their names' bytes */
  entries: TreeEntry[];
  /** something was not visited or not read: the digest does not stand for the whole tree */
  truncated: boolean;
  /** sum of the regular files' sizes, each hard link counted */
  bytes: number;
}

/**
 * Digests a folder. Ownership, times and extended attributes are not part of it, nor is the root itself.
 *
 * The digest is the sha256 of one line per entry, in the order of `entries`, each `JSON.stringify` of
 * `[path, kind, mode, size, digest]` and a newline: whoever has the entries can compute it again.
 * @throws the system's error where `root` is a link, no folder, or cannot be read; the signal's reason on abort
 */
export async function digestTree(root: string | Buffer, options: TreeOptions): Promise<TreeDigest> {
  const walk = new TreeWalk(root, options);
  const reader = new ContentReader(walk, options);
  const sum = createHash('sha256');
  const entries: TreeEntry[] = [];
  let summed = 0;
  const sumUp = () => {
    for (let entry = entries[summed]; entry !== undefined && !reader.awaits(entry); entry = entries[summed]) {
      sum.update(canonicalLine(entry));
      summed += 1;
    }
  };
  const breathe = pace(options.signal);
  try {
    for (const step of walk.steps()) {
      if (step.at === 'leave') continue;
      entries.push(await reader.describe(step, breathe));
      sumUp();
      const rest = breathe();
      if (rest !== null) await rest;
    }
    await reader.finish(breathe);
  } finally {
    await reader.close();
  }
  sumUp();
  return {
    digest: `sha256:${sum.digest('hex')}`,
    entries,
    truncated: walk.truncated || reader.incomplete,
    bytes: reader.bytes,
  };
}

/** The digest of a list of entries, as `digestTree` computes it. */
export function digestEntries(entries: readonly TreeEntry[]): Digest {
  const sum = createHash('sha256');
  for (const entry of entries) sum.update(canonicalLine(entry));
  return `sha256:${sum.digest('hex')}`;
}

function canonicalLine(entry: TreeEntry): string {
  return `${JSON.stringify([entry.path, entry.kind, entry.mode, entry.size, entry.digest])}\n`;
}

/** A thread takes longer to start than to digest less than this: files, and bytes in them. */
const WORTH_A_THREAD = { files: 2_000, bytes: 32 << 20 };

/** Loaded for the first tree that is worth one. */
let threads: typeof import('./digest-thread.ts') | null = null;

/** Reads contents within one budget; a file with several names is read once. */
class ContentReader {
  bytes = 0;
  incomplete = false;
  readonly #walk: TreeWalk;
  readonly #buffer = Buffer.allocUnsafe(CHUNK);
  readonly #linked = new Map<string, Digest>();
  readonly #awaited = new Set<TreeEntry>();
  #thread: DigestThread | null = null;
  #files = 0;
  #left: number;

  constructor(walk: TreeWalk, options: TreeOptions) {
    this.#walk = walk;
    this.#left = options.maxBytes;
  }

  /** Its digest is filled in later, by `describe` of another or by `finish`. */
  awaits(entry: TreeEntry): boolean {
    return this.#awaited.has(entry);
  }

  async describe(step: Step & { at: 'entry' }, breathe: () => Promise<void> | null): Promise<TreeEntry> {
    const { path, kind, stat } = step;
    const mode = stat === null ? 0 : stat.mode & 0o7777;
    if (kind === 'link') return { path, kind, mode, ...this.#link(step) };
    if (kind !== 'file' || stat === null) return { path, kind, mode, size: 0, digest: null };
    this.bytes += stat.size;
    this.#files += 1;
    const entry: TreeEntry = { path, kind, mode, size: stat.size, digest: null };
    await this.#file(entry, step, breathe);
    this.#thread?.collect();
    return entry;
  }

  /** Over when no entry is awaited any more. @throws what `breathe` throws */
  async finish(breathe: () => Promise<void> | null): Promise<void> {
    await this.#thread?.finish(breathe);
  }

  async close(): Promise<void> {
    await this.#thread?.close();
  }

  #link(step: Step & { at: 'entry' }): { size: number; digest: Digest | null } {
    try {
      const target = readlinkSync(this.#walk.directories.at(step.name), { encoding: 'buffer' });
      return { size: target.length, digest: digestBytes(target) };
    } catch {
      this.incomplete = true;
      return { size: 0, digest: null };
    }
  }

  /** Fills in the digest: none where the file is too large for what is left of the budget, or changed under our eyes. */
  async #file(
    entry: TreeEntry,
    { name, stat }: Step & { at: 'entry' },
    breathe: () => Promise<void> | null,
  ): Promise<void> {
    const opened = stat === null ? null : openRegular(this.#walk.directories.at(name), stat);
    if (opened === null || stat === null) {
      entry.kind = 'unreadable';
      return;
    }
    const { fd } = opened;
    let isOurs = true;
    try {
      const { size } = opened.stat;
      const inode = stat.nlink > 1 ? inodeOf(fd) : null;
      const known = inode === null ? undefined : this.#linked.get(inode);
      if (known !== undefined) {
        entry.digest = known;
        return;
      }
      // Sparse or not: a file is judged by what reading it would cost.
      if (size > this.#left || size !== stat.size) {
        this.incomplete = true;
        return;
      }
      this.#left -= size;
      // Another name of the same file may be the next: its digest is needed at once.
      isOurs = inode !== null || !(await this.#give(entry, fd, size));
      if (!isOurs) return;
      entry.digest = await digestOpen(fd, size, this.#buffer, breathe);
      if (entry.digest === null) this.incomplete = true;
      else if (inode !== null) this.#linked.set(inode, entry.digest);
    } finally {
      if (isOurs) closeSync(fd);
    }
  }

  /** False where no thread takes it. */
  async #give(entry: TreeEntry, fd: number, size: number): Promise<boolean> {
    if (this.#files <= WORTH_A_THREAD.files && this.bytes <= WORTH_A_THREAD.bytes) return false;
    threads ??= await import('./digest-thread.ts');
    this.#thread ??= threads.DigestThread.start();
    const isGiven = this.#thread?.give(fd, size, (digest) => {
      entry.digest = digest;
      this.#awaited.delete(entry);
      if (digest === null) this.incomplete = true;
    });
    if (isGiven !== true) return false;
    this.#awaited.add(entry);
    return true;
  }
}

function inodeOf(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}
