/** How the container engine shifts user numbers, and whether this process can make folders that a cage may write. */
import { type Check, type EngineInfo, fail, ok } from './check.ts';

/** What the host adds to the user and group numbers of a cage. Zero where the engine remaps nothing. */
export interface IdShift {
  uid: number;
  gid: number;
}

const NONE: IdShift = { uid: 0, gid: 0 };

/**
 * The shift of an engine with `userns-remap`: dockerd ends its data root with the host's numbers of the cage's root,
 * as in `/var/lib/docker/100000.100000` (Docker documentation, "Isolate containers with a user namespace").
 * @returns zero where nothing is remapped, null where it is and by how much is unknown
 */
export function idShift({ SecurityOptions = [], DockerRootDir = '' }: EngineInfo): IdShift | null {
  if (!SecurityOptions.some((option) => option.includes('name=userns'))) return NONE;
  const match = /\/(\d+)\.(\d+)\/?$/.exec(DockerRootDir);
  return match === null ? null : { uid: Number(match[1]), gid: Number(match[2]) };
}

/**
 * Whether the copies that a cage gets can belong to its user.
 * @param isRoot whether this process may give files to another user
 */
export function ownershipCheck(info: EngineInfo, isRoot = process.getuid?.() === 0): Check {
  const id = 'ownership';
  if (info.SecurityOptions?.some((option) => option.includes('name=rootless')) === true)
    return fail(
      id,
      'the engine is rootless: no folder of this user can be written by an unprivileged user of a cage',
      'use an engine that root runs, with userns-remap where a user namespace is wanted',
    );
  const shift = idShift(info);
  if (shift === null)
    return fail(
      id,
      `the engine remaps users, and its data root ${JSON.stringify(info.DockerRootDir ?? '')} does not say by how much`,
      'start dockerd with --userns-remap and a plain --data-root',
    );
  if (shift.uid === 0 && shift.gid === 0) return ok(id, "user numbers are the host's own");
  return isRoot
    ? ok(id, `users are remapped from ${shift.uid}, groups from ${shift.gid}`)
    : fail(
        id,
        `the engine remaps users from ${shift.uid}, and only root can make folders for them`,
        'run proofbox as root, or use an engine without userns-remap',
      );
}
