/**
 * Unpacks a parcel that somebody hostile may have made: into an empty folder, through open descriptors, within limits.
 * Never follows a link, never writes over anything, never makes a device or a hard link.
 */
import {
  closeSync,
  constants,
  createReadStream,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { execa } from 'execa';
import tar, { type Header } from 'tar-stream';
import { decodeBytes, encodeBytes } from '../witness/bytes.ts';
import { Directories } from '../witness/directories.ts';
import { KIND, RAW_PATH, RAW_TARGET } from './names.ts';
import { PACK_LIMITS, type PackLimits } from './pack.ts';

export interface UnpackOptions extends PackLimits {
  /** whether a link may stand at this path; what it leads to is kept as text and never looked at */
  mayLink(path: string): boolean;
  /** names that may stand at the top; null for any */
  top: readonly string[] | null;
}

export { PACK_LIMITS };

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const MAX_NAME = 255;
type Entry = AsyncIterable<Buffer> & { header: Header; resume(): unknown };
const MAX_TARGET = 4095;

/**
 * @param to a folder that is made here; whoever calls removes it where this throws
 * @throws Error that completes "the parcel …" for the first thing that is not as `pack` makes it
 */
export async function unpack(file: string, to: string, options: UnpackOptions): Promise<void> {
  mkdirSync(to, { mode: 0o755 });
  const unpacker = new Unpacker(to, options);
  try {
    const extract = tar.extract();
    const limited = limit(options.maxBytes);
    const fed = pipeline(createReadStream(file), createGunzip(), limited, extract);
    fed.catch(() => undefined);
    for await (const entry of extract) await unpacker.place(entry as unknown as Entry);
    await fed;
  } finally {
    unpacker.close();
  }
}

/** Counts what comes out of the decompression: a small parcel may hold any amount. */
function limit(maxBytes: number) {
  let left = maxBytes + (64 << 20);
  return async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      left -= chunk.length;
      if (left < 0) throw new Error(`holds more than ${maxBytes} bytes`);
      yield chunk;
    }
  };
}

class Unpacker {
  readonly #at: Directories;
  /** folders that were entered, the outermost first; each by its whole path */
  readonly #entered: string[] = [];
  #bytes = 0;
  #entries = 0;

  constructor(
    root: string,
    private readonly options: UnpackOptions,
  ) {
    this.#at = new Directories(root);
  }

  async place(entry: Entry): Promise<void> {
    const { header } = entry;
    this.#entries += 1;
    if (this.#entries > this.options.maxEntries)
      throw new Error(`holds more than ${this.options.maxEntries} entries`);
    const path = pathOf(header);
    const name = this.#goTo(path);
    const raw = Buffer.from(encodeBytes(name)).toString('latin1');
    const where = JSON.stringify(path);
    try {
      await this.#make(entry, path, raw);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw new Error(`names ${where} twice`);
      throw error;
    }
    entry.resume();
  }

  close(): void {
    this.#at.close();
  }

  async #make(entry: Entry, path: string, raw: string): Promise<void> {
    const { header } = entry;
    const kind = recordOf(header, KIND);
    if (kind !== undefined && kind !== 'socket')
      throw new Error(`holds ${JSON.stringify(path)} of an unknown kind`);
    if (kind === 'socket') return makeSocket(this.#at, raw);
    switch (header.type) {
      case 'directory':
        mkdirSync(this.#at.at(raw), { mode: 0o755 });
        this.#at.enter(raw);
        this.#entered.push(path);
        return;
      case 'file':
        return this.#write(entry, raw);
      case 'symlink':
        if (!this.options.mayLink(path)) throw new Error(`holds a link at ${JSON.stringify(path)}`);
        symlinkSync(targetOf(header), this.#at.at(raw));
        return;
      case 'fifo':
        // A child has descriptors of its own: it is shown the way through ours.
        await execa('mkfifo', [
          '-m',
          '644',
          '--',
          String(this.#at.at(raw)).replace('/self/', `/${process.pid}/`),
        ]);
        return;
      default:
        throw new Error(`holds ${JSON.stringify(path)}, a ${header.type}`);
    }
  }

  async #write(entry: Entry, raw: string): Promise<void> {
    const file = openSync(this.#at.at(raw), NEW_FILE, (entry.header.mode ?? 0) & 0o100 ? 0o755 : 0o644);
    try {
      for await (const chunk of entry) {
        this.#bytes += chunk.length;
        if (this.#bytes > this.options.maxBytes)
          throw new Error(`holds more than ${this.options.maxBytes} bytes`);
        for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
      }
    } finally {
      closeSync(file);
    }
  }

  /** Goes to the folder of a path, which the parcel must have named before and not left; returns the last name. */
  #goTo(path: string): string {
    const at = path.lastIndexOf('/');
    const folder = at === -1 ? '' : path.slice(0, at);
    const name = path.slice(at + 1);
    if (at === -1 && this.options.top?.includes(name) === false)
      throw new Error(`holds ${JSON.stringify(path)}`);
    while (this.#entered.length > 0 && this.#entered.at(-1) !== folder) {
      this.#entered.pop();
      this.#at.leave();
    }
    if ((this.#entered.at(-1) ?? '') !== folder)
      throw new Error(`names ${JSON.stringify(path)} before its folder, or after leaving it`);
    return name;
  }
}

/** What one of our records says; undefined where the entry has none. */
function recordOf({ pax }: Header, name: string): string | undefined {
  return (pax as Record<string, string> | null | undefined)?.[name];
}

/** The path of an entry. @throws where it is none that `pack` writes */
function pathOf(header: Header): string {
  const raw = recordOf(header, RAW_PATH);
  const path = raw === undefined ? header.name.replace(/\/$/, '') : decodeBytes(Buffer.from(raw, 'hex'));
  for (const part of path.split('/')) {
    const isName = part !== '' && part !== '.' && part !== '..' && !part.includes('\0');
    if (!isName || encodeBytes(part).length > MAX_NAME)
      throw new Error(`names the path ${JSON.stringify(path)}`);
  }
  return path;
}

function targetOf(header: Header): Buffer {
  const raw = recordOf(header, RAW_TARGET);
  const target = raw === undefined ? Buffer.from(header.linkname ?? '') : Buffer.from(raw, 'hex');
  if (target.length === 0 || target.length > MAX_TARGET || target.includes(0))
    throw new Error('holds a link with an impossible target');
  return target;
}

/** Only listening makes one; it gets its name before it is closed, because closing removes the name it had. */
async function makeSocket(at: Directories, raw: string): Promise<void> {
  const draft = at.at('.proofbox-socket');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(String(draft), resolve);
  });
  try {
    linkSync(draft, at.at(raw));
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
