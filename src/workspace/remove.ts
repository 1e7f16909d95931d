/**
 * Removes a folder that a hostile engine may have filled: any depth, any name, any mode. Never follows a link, so
 * nothing outside the folder can be removed.
 */
import { chmodSync, lstatSync, opendirSync, rmdirSync, unlinkSync } from 'node:fs';
import { Directories } from '../witness/directories.ts';
import { pace } from '../witness/pace.ts';

const NAMES_AT_ONCE = 1_024;

/**
 * Removes `root` with everything in it; nothing to do where it does not exist.
 * @throws the system's error where something cannot be removed
 */
export async function removeTree(root: string): Promise<void> {
  const stat = lstatSync(root, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    unlinkSync(root);
    return;
  }
  openUp(root, stat.mode);
  const directories = new Directories(root);
  try {
    await empty(directories);
  } finally {
    directories.close();
  }
  rmdirSync(root);
}

/** A few names at a time, and down into the first folder among them: no list ever grows with the tree. */
async function empty(directories: Directories): Promise<void> {
  const breathe = pace();
  const entered: string[] = [];
  for (;;) {
    const names = someNames(directories.fd);
    const folder = names.find((name) => !unlink(directories, name));
    if (folder !== undefined) {
      directories.enter(folder);
      entered.push(folder);
    } else if (names.length === 0) {
      const emptied = entered.pop();
      if (emptied === undefined) return;
      directories.leave();
      rmdirSync(directories.at(emptied));
    }
    const rest = breathe();
    if (rest !== null) await rest;
  }
}

/** False where `name` is a folder, which can be entered afterwards. */
function unlink(directories: Directories, name: string): boolean {
  const path = directories.at(name);
  const stat = lstatSync(path);
  if (!stat.isDirectory()) {
    unlinkSync(path);
    return true;
  }
  openUp(path, stat.mode);
  return false;
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
