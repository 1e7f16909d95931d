/** Finds and removes the containers of runs whose harness is gone. Touches nothing without our labels. */
import type Docker from 'dockerode';

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
    .filter(({ Labels }) => !isAlive(Labels, check))
    .map(({ Id, Labels }) => ({
      container: Id,
      run: Labels['io.proofbox.run'] ?? '',
      owner_pid: Number(Labels['io.proofbox.owner-pid'] ?? 0),
      created_at: Labels['io.proofbox.created-at'] ?? '',
    }));
}

/** Removes them with their volumes; one that vanished meanwhile counts as removed. */
export async function removeLeftovers(docker: Docker, leftovers: Leftover[]): Promise<void> {
  for (const leftover of leftovers) {
    await docker
      .getContainer(leftover.container)
      .remove({ force: true, v: true })
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404) throw error;
      });
  }
}

/** A number alone may have been given to another process: its start must fit too. Another host's we cannot judge. */
function isAlive(labels: Record<string, string>, check: OwnerCheck): boolean {
  const bootThen = labels['io.proofbox.host']?.split('/')[0];
  const bootNow = check.hostId.split('/')[0];
  if (bootThen !== bootNow) return false;
  if (labels['io.proofbox.host'] !== check.hostId) return true;
  return check.processStart(Number(labels['io.proofbox.owner-pid'])) === labels['io.proofbox.owner-start'];
}
