/** Finds and removes the containers of runs whose harness is gone. Touches nothing without our labels. */
import type Docker from 'dockerode';
import { removeContainer } from '../cage/remove-container.ts';

/** How a container says whose it is; written by src/lane/identity.ts. */
export interface OwnerCheck {
  hostId: string;
  processStart(pid: number): string | null;
}

export interface Leftover {
  container: string;
  run: string;
  owner_pid: number;
  created_at: string;
}

/** Containers whose owner is no longer alive on this host. */
export async function findLeftovers(docker: Docker, check: OwnerCheck): Promise<Leftover[]> {
  const found = await docker.listContainers({ all: true, filters: { label: ['io.proofbox.run'] } });
  return found
    .filter(({ Labels, State }) => !isAlive(Labels, check, isLocal(docker) && State !== 'running'))
    .map(({ Id, Labels }) => ({
      container: Id,
      run: Labels['io.proofbox.run'] ?? '',
      owner_pid: Number(Labels['io.proofbox.owner-pid'] ?? 0),
      created_at: Labels['io.proofbox.created-at'] ?? '',
    }));
}

/** Removes them with their volumes; one that vanished meanwhile counts as removed. */
export async function removeLeftovers(docker: Docker, leftovers: Leftover[]): Promise<void> {
  for (const { container } of leftovers) await removeContainer(docker, container);
}

/**
 * A number alone may have been given to another process: its start must fit too. An owner on another host or in
 * another container cannot be judged and counts as alive; only an earlier boot of this host is surely over, and
 * that is what another boot means where the engine is local and the container stands still.
 */
function isAlive(labels: Record<string, string>, check: OwnerCheck, isIdleAndLocal: boolean): boolean {
  const host = labels['io.proofbox.host'];
  if (host === undefined) return true;
  if (host.split('/')[0] !== check.hostId.split('/')[0]) return !isIdleAndLocal;
  if (host !== check.hostId) return true;
  return check.processStart(Number(labels['io.proofbox.owner-pid'])) === labels['io.proofbox.owner-start'];
}

/** Whether the engine is reached through a socket of this host; over a network others may use it too. */
function isLocal(docker: Docker): boolean {
  return typeof (docker.modem as { socketPath?: unknown }).socketPath === 'string';
}
