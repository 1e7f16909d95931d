/** Removes a container, whoever else is removing it at the same time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';

/** A container engine under load has taken seconds to unmount. */
const PATIENCE_MS = 30_000;

/**
 * Removes it with its volumes, running or not; returns once it is gone, by this call or by another.
 * @throws the container engine's error where it is still there
 */
export async function removeContainer(docker: Docker, id: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await docker.getContainer(id).remove({ force: true, v: true });
      return;
    } catch (error) {
      const { statusCode } = error as { statusCode?: number };
      if (statusCode === 404) return;
      // Somebody else's removal is under way: done when the container is unknown.
      if (statusCode !== 409 || performance.now() > end) throw error;
    }
    await sleep(50);
  }
}
