/**
 * The user that a run's cages are. What the kernel counts by user id (inotify instances, pages of pipes, keys) is shared by
 * all processes of that id on the host: an engine that takes it all must take it from its own run alone.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** The first of the image's unprivileged users; they stand in for root, which no cage ever runs as. */
export const ENGINE_UID = 64100;
/** How many of them Dockerfile.sandbox makes. */
export const ENGINE_USERS = 64;

export interface CageUser {
  uid: number;
  gid: number;
  /** gives the user back; nothing of its cages may still run */
  release(): void;
}

/** The caller; where the caller is root, one of the image's users that no other run on this host has now. */
export async function claimUser(): Promise<CageUser> {
  const uid = process.getuid?.() ?? ENGINE_UID;
  const gid = process.getgid?.() ?? ENGINE_UID;
  if (uid !== 0) return { uid, gid, release: () => undefined };
  const start = randomInt(ENGINE_USERS);
  for (let n = 0; n < ENGINE_USERS; n += 1) {
    const id = ENGINE_UID + ((start + n) % ENGINE_USERS);
    const claim = await listen(`\0proofbox-user-${id}`);
    if (claim !== null) return { uid: id, gid: id, release: () => claim.close() };
  }
  // More runs at once than users: two share one, and each is as confined as before.
  const id = ENGINE_UID + start;
  return { uid: id, gid: id, release: () => undefined };
}

/** An abstract socket is a lock that the kernel gives up when its process dies. Null where somebody has it. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', () => resolve(null));
    server.listen({ path }, () => resolve(server));
  });
}
