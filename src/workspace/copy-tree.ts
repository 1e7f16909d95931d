/**
 * Copies a folder for a cage: what a hostile engine left behind, or a fixture that was looked at before. Only files,
 * folders and links are copied, links as links; nothing is followed, and the copy never grows beyond the limits.
 */
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readlinkSync,
  type Stats,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { CHUNK, chunks, openRegular } from '../witness/content.ts';
import { Directories } from '../witness/directories.ts';
import { pace } from '../witness/pace.ts';
import { type Step, TreeWalk } from '../witness/walk.ts';
import { leavesOut } from './leave-out.ts';
import { type Owner, settleLink, settleOpen } from './ownership.ts';

export interface CopyTreeOptions extends Owner {
  /** bytes are counted as sizes: a sparse file costs what it claims to hold */
  limits: { maxEntries: number; maxBytes: number };
  /** permission bits of a file's or folder's copy; the original's where it is left out */
  permissions?: (original: Stats) => number;
  /** engine state that stays out of the copy */
  leaveOut?: readonly string[];
  signal?: AbortSignal;
}

export interface CopiedTree {
  entries: number;
  bytes: number;
  /** what is no file, folder or link, cannot be read, or did not fit; paths as in TreeEntry, the first 1,000 */
  leftOut: string[];
  /** a limit was reached: the copy is not the whole result */
  truncated: boolean;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const MAX_LISTED = 1_000;

/**
 * Copies the folder `from` into `to`, which is made where it does not exist and must be empty otherwise. Hard links
 * become plain files, setuid, setgid and sticky bits are dropped, holes stay holes.
 * @throws the system's error where `from` is a link or no folder, or the copy cannot be written
 */
export async function copyTree(from: string, to: string, options: CopyTreeOptions): Promise<CopiedTree> {
  const { maxEntries } = options.limits;
  const walk = new TreeWalk(from, { maxEntries, leaveOut: leavesOut(options.leaveOut ?? []) });
  try {
    mkdirSync(to, { recursive: true, mode: 0o755 });
    const copier = new Copier(walk, new Directories(to), options);
    try {
      return await copier.copyAll();
    } finally {
      copier.target.close();
    }
  } finally {
    walk.directories.close();
  }
}

class Copier {
  readonly target: Directories;
  readonly #walk: TreeWalk;
  readonly #options: CopyTreeOptions;
  readonly #buffer = Buffer.allocUnsafe(CHUNK);
  readonly #done: CopiedTree = { entries: 0, bytes: 0, leftOut: [], truncated: false };

  constructor(walk: TreeWalk, target: Directories, options: CopyTreeOptions) {
    this.#walk = walk;
    this.target = target;
    this.#options = options;
  }

  async copyAll(): Promise<CopiedTree> {
    const breathe = pace(this.#options.signal);
    for (const step of this.#walk.steps()) {
      if (step.at === 'leave') {
        this.#settle(this.target.fd, step.stat);
        this.target.leave();
      } else if (await this.#copy(step, breathe)) {
        this.#done.entries += 1;
      } else {
        if (this.#done.leftOut.length < MAX_LISTED) this.#done.leftOut.push(step.path);
      }
      const rest = breathe();
      if (rest !== null) await rest;
    }
    this.#done.truncated ||= this.#walk.truncated;
    return this.#done;
  }

  /** False where the entry stays out. */
  async #copy(step: Step & { at: 'entry' }, breathe: () => Promise<void> | null): Promise<boolean> {
    const { kind, name, stat } = step;
    if (stat === null) return false;
    if (kind === 'dir') {
      mkdirSync(this.target.at(name), { mode: 0o700 });
      this.target.enter(name);
      return true;
    }
    if (kind === 'link') {
      symlinkSync(
        readlinkSync(this.#walk.directories.at(name), { encoding: 'buffer' }),
        this.target.at(name),
      );
      settleLink(this.target.at(name), stat, this.#options);
      return true;
    }
    return kind === 'file' && this.#file(step, breathe);
  }

  async #file(step: Step & { at: 'entry' }, breathe: () => Promise<void> | null): Promise<boolean> {
    const source = step.stat === null ? null : openRegular(this.#walk.directories.at(step.name), step.stat);
    if (source === null) return false;
    try {
      const { size } = source.stat;
      if (size > this.#options.limits.maxBytes - this.#done.bytes) {
        this.#done.truncated = true;
        return false;
      }
      this.#done.bytes += size;
      const copy = openSync(this.target.at(step.name), NEW_FILE, 0o600);
      try {
        await this.#content(source.fd, copy, size, breathe);
        this.#settle(copy, source.stat);
      } finally {
        closeSync(copy);
      }
      return true;
    } finally {
      closeSync(source.fd);
    }
  }

  #settle(fd: number, stat: Stats): void {
    const { permissions } = this.#options;
    const { mode, atime, mtime } = stat;
    settleOpen(fd, { mode: permissions?.(stat) ?? mode, atime, mtime }, this.#options);
  }

  /** Chunks of zeros are skipped: a sparse file must not fill the disk. */
  async #content(
    source: number,
    copy: number,
    size: number,
    breathe: () => Promise<void> | null,
  ): Promise<void> {
    let at = 0;
    let written = 0;
    for (const chunk of chunks(source, size, this.#buffer)) {
      const end = at + chunk.length;
      if (!isZero(chunk)) {
        writeAt(copy, chunk, at);
        written = end;
      }
      at = end;
      const rest = breathe();
      if (rest !== null) await rest;
    }
    if (written < size) ftruncateSync(copy, size);
  }
}

const ZEROS = Buffer.alloc(CHUNK);

function isZero(chunk: Buffer): boolean {
  return chunk[0] === 0 && chunk.equals(ZEROS.subarray(0, chunk.length));
}

function writeAt(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
