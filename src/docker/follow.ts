/** Reads what the container engine says while it pulls, builds or loads, to its end. */
import type Docker from 'dockerode';

export interface ProgressEvent {
  stream?: string;
  error?: string;
  aux?: { ID?: string };
}

/** @throws the stream's error; what the engine reports as an error is an event like any other */
export async function follow(
  docker: Docker,
  progress: NodeJS.ReadableStream,
  onEvent: (event: ProgressEvent) => void = () => undefined,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      progress,
      (error) => (error === null || error === undefined ? resolve() : reject(error)),
      onEvent,
    );
  });
}
