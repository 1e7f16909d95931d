/** What is below a cage: versions of the engine, containerd, runc and the kernel, and what the engine says of itself. */
import type Docker from 'dockerode';
import type { Versions } from '../schema/cage.ts';
import type { EngineInfo } from './check.ts';

export interface EngineFacts {
  versions: Versions;
  info: EngineInfo;
}

/** The engine's versions alone; what it does not say is null. */
export async function dockerVersions(docker: Docker): Promise<Versions> {
  return (await engineFacts(docker)).versions;
}

/** Asks each question once: for every answer dockerd starts runc and docker-init, twice each. */
export async function engineFacts(docker: Docker): Promise<EngineFacts> {
  const [version, info] = await Promise.all([docker.version(), docker.info() as Promise<EngineInfo>]);
  const component = (name: string) =>
    (version.Components as { Name: string; Version: string }[] | undefined)?.find(
      (part) => part.Name === name,
    )?.Version ?? null;
  const podman = component('Podman Engine');
  const versions = {
    ...(podman === null ? {} : { podman }),
    engine: version.Version,
    api: version.ApiVersion,
    containerd: component('containerd'),
    runc: component('runc'),
    kernel: version.KernelVersion ?? 'unknown',
    architecture: version.Arch,
    security: [...(info.SecurityOptions ?? [])].sort(),
  };
  return { versions, info };
}
