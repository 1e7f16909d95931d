/**
 * Packs folders into one gzipped tar that is the same for equal content: sorted, without times, owners or rights but the
 * one to execute. The folders may be hostile: nothing in them is followed, waited for or left out unnoticed.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, createWriteStream, lstatSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import tar, { type Header, type Pack } from 'tar-stream';
import type { Digest } from '../schema/common.ts';
import { decodeBytes } from '../witness/bytes.ts';
import { CHUNK, chunks, openRegular } from '../witness/content.ts';
import { type Step, TreeWalk } from '../witness/walk.ts';
import { KIND, RAW_PATH, RAW_TARGET, rawForm } from './names.ts';

/** What of the host goes under which name. A name with a slash needs the folders above it in the list too. */
export interface Packed {
  /** inside the parcel */
  name: string;
  /** a folder or a plain file on the host; null for an empty folder */
  from: string | null;
}

export interface PackLimits {
  maxBytes: number;
  maxEntries: number;
}

/** Far above any bundle; a parcel that no reader would take need not be made. */
export const PACK_LIMITS: PackLimits = { maxBytes: 4 * 1024 ** 3, maxEntries: 1_000_000 };

const LONG_AGO = new Date(0);

type Described = Pick<Header, 'name' | 'type'> & Partial<Header> & { pax?: Record<string, string> };

/**
 * Writes the parcel to `file`, which must not exist.
 * @param items in the order in which they are packed; sort them
 * @returns the sha256 of the file as it lies there, and its size
 * @throws Error that completes "cannot be packed: …" where something is no file, folder, link, FIFO or socket, cannot be
 *   read, changes meanwhile, or exceeds the limits; the disk's error
 */
export async function pack(
  items: Packed[],
  file: string,
  limits: PackLimits = PACK_LIMITS,
): Promise<{ digest: Digest; bytes: number }> {
  const sum = createHash('sha256');
  const digesting = new Transform({
    transform(chunk, _, done) {
      sum.update(chunk);
      done(null, chunk);
    },
  });
  const stream = tar.pack();
  const written = pipeline(
    stream,
    createGzip({ level: 6 }),
    digesting,
    createWriteStream(file, { flags: 'wx' }),
  );
  written.catch(() => undefined);
  try {
    const writer = new Writer(stream, limits);
    for (const { name, from } of items) await writer.add(name, from);
    stream.finalize();
  } catch (error) {
    stream.destroy(error as Error);
    await written.catch(() => undefined);
    throw error;
  }
  await written;
  return { digest: `sha256:${sum.digest('hex')}`, bytes: (await stat(file)).size };
}

class Writer {
  readonly #buffer = Buffer.allocUnsafe(CHUNK);
  #bytes = 0;
  #entries = 0;

  constructor(
    private readonly stream: Pack,
    private readonly limits: PackLimits,
  ) {}

  async add(name: string, from: string | null): Promise<void> {
    const found = from === null ? null : lstatSync(from);
    if (found?.isFile() === true && from !== null) {
      await this.#file(name, from, found);
      return;
    }
    await this.#empty({ name, type: 'directory' });
    if (from === null) return;
    const walk = new TreeWalk(from, { maxEntries: this.limits.maxEntries });
    for (const step of walk.steps()) if (step.at === 'entry') await this.#entry(walk, step, name);
    if (walk.truncated) throw new Error(`${name} holds too much, or changed while it was read`);
  }

  async #entry(walk: TreeWalk, step: Step & { at: 'entry' }, folder: string): Promise<void> {
    const path = `${folder}/${step.path}`;
    const at = walk.directories;
    switch (step.kind) {
      case 'dir':
        return this.#empty({ name: path, type: 'directory' });
      case 'fifo':
        return this.#empty({ name: path, type: 'fifo' });
      case 'socket':
        return this.#empty({ name: path, type: 'file', pax: { [KIND]: 'socket' } });
      case 'link': {
        const target = decodeBytes(readlinkSync(at.at(step.name), { encoding: 'buffer' }));
        const raw = rawForm(target);
        return this.#empty({
          name: path,
          type: 'symlink',
          linkname: raw === undefined ? target : 'raw',
          ...(raw === undefined ? {} : { pax: { [RAW_TARGET]: raw } }),
        });
      }
      case 'file':
        if (step.stat !== null) return this.#file(path, at.at(step.name), step.stat);
    }
    throw new Error(`${JSON.stringify(path)} is a ${step.kind}`);
  }

  async #file(name: string, path: string | Buffer, seen: Parameters<typeof openRegular>[1]): Promise<void> {
    const open = openRegular(path, seen);
    if (open === null) throw new Error(`${JSON.stringify(name)} cannot be read`);
    try {
      const { size, mode } = open.stat;
      this.#bytes += size;
      if (this.#bytes > this.limits.maxBytes)
        throw new Error(`it has more than ${this.limits.maxBytes} bytes`);
      const header = this.#header({ name, type: 'file', size, mode: (mode & 0o100) === 0 ? 0o644 : 0o755 });
      await new Promise<void>((resolve, reject) => {
        const entry = this.stream.entry(header, (error) => (error ? reject(error) : resolve()));
        const feed = async () => {
          // The chunk's memory is used again for the next one.
          for (const chunk of chunks(open.fd, size, this.#buffer))
            if (!entry.write(Buffer.from(chunk))) await once(entry, 'drain');
          entry.end(undefined);
        };
        feed().catch(reject);
      });
    } finally {
      closeSync(open.fd);
    }
  }

  async #empty(header: Described): Promise<void> {
    const mode = header.type === 'directory' ? 0o755 : 0o644;
    const whole = this.#header({ mode, ...header, size: 0 });
    await new Promise<void>((resolve, reject) => {
      this.stream.entry(whole, '', (error) => (error ? reject(error) : resolve()));
    });
  }

  #header(header: Described): Described {
    this.#entries += 1;
    if (this.#entries > this.limits.maxEntries)
      throw new Error(`it has more than ${this.limits.maxEntries} entries`);
    const raw = rawForm(header.name);
    const pax = { ...header.pax, ...(raw === undefined ? {} : { [RAW_PATH]: raw }) };
    return {
      ...header,
      name: raw === undefined ? header.name : `raw-${this.#entries}`,
      uid: 0,
      gid: 0,
      mtime: LONG_AGO,
      ...(Object.keys(pax).length === 0 ? {} : { pax }),
    };
  }
}
