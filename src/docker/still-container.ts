/** A container that is never started: the only thing whose files the container engine hands out. */
import type Docker from 'dockerode';

/**
 * Makes one of an image for `act`, and removes it whatever happens.
 * @throws the container engine's error, and what `act` throws
 */
export async function withStillContainer<T>(
  docker: Docker,
  image: string,
  labels: Record<string, string>,
  act: (container: Docker.Container) => Promise<T>,
): Promise<T> {
  const container = await docker.createContainer({ Image: image, Cmd: ['/bin/false'], Labels: labels });
  try {
    return await act(container);
  } finally {
    await container.remove({ v: true });
  }
}
