/**
 * Opens and reads the regular files of a hostile tree. Never waits for a FIFO, opens a device or follows a link,
 * and never reads more than the file had when it was opened.
 */
import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { Digest } from '../schema/common.ts';

/** O_NONBLOCK: whatever replaced the file since lstat cannot make us wait. */
const REGULAR = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The most of one file that is in memory at a time. */
export const CHUNK = 256 * 1024;

/**
 * Opens a regular file that lstat described; the caller closes it.
 * @returns null where it cannot be opened or is no longer that file
 */
export function openRegular(path: string | Buffer, seen: Stats): { fd: number; stat: Stats } | null {
  let fd: number;
  try {
    fd = openSync(path, REGULAR);
  } catch {
    return null;
  }
  const stat = fstatSync(fd);
  if (stat.isFile() && stat.ino === seen.ino && stat.dev === seen.dev) return { fd, stat };
  closeSync(fd);
  return null;
}

/**
 * Reads exactly `size` bytes in chunks that are good until the next one.
 * @throws where the file is shorter than that
 */
export function* chunks(fd: number, size: number, buffer: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < size; ) {
    const read = readSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
    if (read === 0) throw new Error('the file became shorter while it was read');
    at += read;
    yield buffer.subarray(0, read);
  }
}

/**
 * Digest of an open file's first `size` bytes.
 * @param breathe called between chunks, so that a large file does not hold up everything else
 * @returns null where the file could not be read whole
 */
export async function digestOpen(
  fd: number,
  size: number,
  buffer: Buffer,
  breathe: () => Promise<void> | null,
): Promise<Digest | null> {
  try {
    if (size <= buffer.length) {
      for (const chunk of chunks(fd, size, buffer)) if (chunk.length === size) return digestBytes(chunk);
    }
    const sum = createHash('sha256');
    for (const chunk of chunks(fd, size, buffer)) {
      sum.update(chunk);
      const rest = breathe();
      if (rest !== null) await rest;
    }
    return `sha256:${sum.digest('hex')}`;
  } catch {
    return null;
  }
}

/** Digest of bytes in memory. */
export function digestBytes(bytes: Buffer): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}`;
}
