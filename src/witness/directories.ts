/**
 * A way down into a hostile tree and up again through open directory descriptors: depth does not matter, no
 * path is ever resolved twice, and no link is followed. Never holds more than a few descriptors open.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const NON_ASCII = /[^\0-\x7f]/;

/** How many levels stay open; what lies above them is found again through `..` and compared. */
const OPEN_LEVELS = 48;

interface Level {
  fd: number | null;
  dev: number;
  ino: number;
}

/** Levels from a root down to the present folder. Close it, whatever happens. */
export class Directories {
  #levels: Level[] = [];

  /** @throws the system's error: ENOTDIR where `root` is a link or no folder */
  constructor(root: string | Buffer) {
    this.#levels.push(openLevel(root));
  }

  /** 0 at the root. */
  get depth(): number {
    return this.#levels.length - 1;
  }

  /** The present folder's descriptor, good until the next `enter` or `leave`. */
  get fd(): number {
    const fd = this.#levels.at(-1)?.fd ?? null;
    if (fd === null) throw new Error('the present folder is not open');
    return fd;
  }

  /** A path to `name` (latin1: its characters are its bytes) in the present folder, for calls that do not follow links. */
  at(name: string): string | Buffer {
    const path = `/proc/self/fd/${this.fd}/${name}`;
    return NON_ASCII.test(name) ? Buffer.from(path, 'latin1') : path;
  }

  /** Goes down. @throws the system's error where it is no folder (a link: ENOTDIR) or cannot be read */
  enter(name: string): void {
    this.#levels.push(openLevel(this.at(name)));
    const far = this.#levels.at(-1 - OPEN_LEVELS);
    if (far !== undefined && this.#levels.length - OPEN_LEVELS > 1) closeLevel(far);
  }

  /** Goes up. @throws where the folder above is no longer the one we came from */
  leave(): void {
    const below = this.#levels.pop();
    const above = this.#levels.at(-1);
    if (below === undefined || above === undefined) throw new Error('already at the root');
    try {
      if (above.fd === null) reopenAbove(below, above);
    } finally {
      closeLevel(below);
    }
  }

  /** Closes every descriptor. */
  close(): void {
    for (const level of this.#levels) closeLevel(level);
    this.#levels = [];
  }
}

function openLevel(path: string | Buffer): Level {
  const fd = openSync(path, DIRECTORY);
  const { dev, ino } = fstatSync(fd);
  return { fd, dev, ino };
}

/** A folder that was moved meanwhile has another parent: going on there would leave the tree. */
function reopenAbove(below: Level, above: Level): void {
  const found = openLevel(`/proc/self/fd/${below.fd}/..`);
  if (found.dev !== above.dev || found.ino !== above.ino) {
    closeLevel(found);
    throw new Error('the tree was moved while it was read');
  }
  above.fd = found.fd;
}

function closeLevel(level: Level): void {
  if (level.fd !== null) closeSync(level.fd);
  level.fd = null;
}
