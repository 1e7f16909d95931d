/** What is below a cage: versions of the engine, containerd, runc and the kernel. */
import type Docker from 'dockerode';
import type { Versions } from '../schema/cage.ts';
import type { EngineInfo } from './check.ts';

/** Asks the engine for its versions; what it does not say is null. */
export async function dockerVersions(docker: Docker): Promise<Versions> {
  const [version, info] = await Promise.all([docker.version(), docker.info() as Promise<EngineInfo>]);
  const component = (name: string) =>
    (version.Components as { Name: string; Version: string }[] | undefined)?.find(
      (part) => part.Name === name,
    )?.Version ?? null;
  const podman = component('Podman Engine');
  return {
    ...(podman === null ? {} : { podman }),
    engine: version.Version,
    api: version.ApiVersion,
    containerd: component('containerd'),
    runc: component('runc'),
    kernel: version.KernelVersion ?? 'unknown',
    architecture: version.Arch,
    security: [...(info.SecurityOptions ?? [])].sort(),
  };
}
