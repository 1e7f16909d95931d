/** What is known of Podman behind Docker's API. */
import type Docker from 'dockerode';
import { type Check, fail, ok, warn } from './check.ts';
import { dockerVersions } from './versions.ts';

/**
 * Whether cages can be made. Measured with Podman 4.3.1: it takes a create request of Docker's, and then mounts a
 * writable tmpfs over /tmp, /var/tmp and /run, hides none of the asked paths, and keeps message queues although IPC
 * is `none`. A later one may do better, and PID 1 says before every start whether it does.
 * @param podman its version; undefined where the engine is Docker
 */
export function podmanCheck(podman: string | undefined): Check {
  const id = 'podman';
  if (podman === undefined) return ok(id, 'the engine is not Podman');
  const fix = 'use a Docker engine, and point DOCKER_HOST at it';
  return Number.parseInt(podman, 10) < 5
    ? fail(
        id,
        `the engine is Podman ${podman}, which adds writable mounts of its own: no cage would be as promised`,
        fix,
      )
    : warn(id, `the engine is Podman ${podman}, with which no cage has been tried`, fix);
}

/** Why an engine found behind a Podman socket is not taken; null where it is. */
export async function podmanRefusal(docker: Docker): Promise<string | null> {
  const { podman } = await dockerVersions(docker);
  const { status, found } = podmanCheck(podman);
  return status === 'fail' ? found : null;
}
