/** Gives what the harness copied to the user a cage runs as. Changes owners, modes and times; never follows a link. */
import { fchmodSync, fchownSync, futimesSync, lchownSync, lutimesSync, type Stats } from 'node:fs';
import { TreeWalk, UNBOUNDED } from '../witness/walk.ts';

/** Whom a copy shall belong to. Only root can give files away; anybody else keeps them. */
export interface Owner {
  uid: number;
  gid: number;
}

/** What a copy keeps of its original. */
export type Original = Pick<Stats, 'mode' | 'atime' | 'mtime'>;

/** Permission bits without setuid, setgid and sticky: no copy may lend anybody's rights. */
export const PERMISSIONS = 0o777;

const IS_ROOT = process.getuid?.() === 0;

/** Owner, permission bits and times of an open file or folder, as the original had them. */
export function settleOpen(fd: number, original: Original, owner: Owner): void {
  if (IS_ROOT) fchownSync(fd, owner.uid, owner.gid);
  fchmodSync(fd, original.mode & PERMISSIONS);
  futimesSync(fd, original.atime, original.mtime);
}

/** Owner and times of a link itself. */
export function settleLink(path: string | Buffer, original: Original, owner: Owner): void {
  if (IS_ROOT) lchownSync(path, owner.uid, owner.gid);
  lutimesSync(path, original.atime, original.mtime);
}

/** Gives a folder that the harness itself made, and everything in it, to `owner`. */
export function giveTree(root: string, owner: Owner): void {
  if (!IS_ROOT) return;
  lchownSync(root, owner.uid, owner.gid);
  const walk = new TreeWalk(root, UNBOUNDED);
  for (const step of walk.steps()) {
    if (step.at === 'leave') continue;
    if (step.kind === 'dir') fchownSync(walk.directories.fd, owner.uid, owner.gid);
    else lchownSync(walk.directories.at(step.name), owner.uid, owner.gid);
  }
}
