/**
 * Removes a folder that a hostile engine may have filled: any depth, any name, any mode. Never follows a link, so
 * nothing outside the folder can be removed.
 */
import { chmodSync, lstatSync, opendirSync } from 'node:fs';
import { rmdir, unlink } from 'node:fs/promises';
import { Directories } from '../witness/directories.ts';

const NAMES_AT_ONCE = 1_024;

/** Half of the threads that Node.js has for files: others wait for one at times. */
const UNLINKED_AT_ONCE = 2;

/**
 * Removes `root` with everything in it; nothing to do where it does not exist. A disk that is slow to give blocks back
 * keeps nobody else waiting: the calls that may take long are made on other threads.
 * @throws the system's error where something cannot be removed
 */
export async function removeTree(root: string): Promise<void> {
  const stat = lstatSync(root, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    await unlink(root);
    return;
  }
  openUp(root, stat.mode);
  const directories = new Directories(root);
  try {
    await empty(directories);
  } finally {
    directories.close();
  }
  await rmdir(root);
}

/** A few names at a time, and down into the first folder among them: no list ever grows with the tree. */
async function empty(directories: Directories): Promise<void> {
  const entered: string[] = [];
  for (;;) {
    const names = someNames(directories.fd);
    const folder = await unlinkUpToFolder(directories, names);
    if (folder !== undefined) {
      const path = directories.at(folder);
      openUp(path, lstatSync(path).mode);
      directories.enter(folder);
      entered.push(folder);
    } else if (names.length === 0) {
      const emptied = entered.pop();
      if (emptied === undefined) return;
      directories.leave();
      await rmdir(directories.at(emptied));
    }
  }
}

/** Unlinks in the order of `names`, a few at a time; stops behind the first that is a folder and returns it. */
async function unlinkUpToFolder(
  directories: Directories,
  names: readonly string[],
): Promise<string | undefined> {
  for (let at = 0; at < names.length; at += UNLINKED_AT_ONCE) {
    const some = names.slice(at, at + UNLINKED_AT_ONCE);
    const done = await Promise.allSettled(some.map((name) => unlink(directories.at(name))));
    for (const one of done) if (one.status === 'rejected' && one.reason.code !== 'EISDIR') throw one.reason;
    const folder = done.findIndex(({ status }) => status === 'rejected');
    if (folder !== -1) return some[folder];
  }
  return undefined;
}

/** Its owner may have closed a folder to itself. */
function openUp(path: string | Buffer, mode: number): void {
  if ((mode & 0o700) !== 0o700) chmodSync(path, 0o700);
}

function someNames(fd: number): string[] {
  const stream = opendirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1', bufferSize: 256 });
  const names: string[] = [];
  try {
    for (
      let entry = stream.readSync();
      entry !== null && names.length < NAMES_AT_ONCE;
      entry = stream.readSync()
    ) {
      names.push(entry.name);
    }
  } finally {
    stream.closeSync();
  }
  return names;
}
