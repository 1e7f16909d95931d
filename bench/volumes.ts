/** Two tmpfs volumes that outlive a container: kept mounted by a container that sleeps, so that one can prepare what another is timed on. */
import { execa } from 'execa';

export interface Volumes {
  workspace: string;
  artifacts: string;
}

export async function tmpfsVolumes(
  reference: string,
): Promise<{ volumes: Volumes; run(script: string): Promise<void>; remove(): Promise<void> }> {
  const name = (which: string) => `proofbox-bench-${process.pid}-${which}`;
  const volumes = { workspace: name('workspace'), artifacts: name('artifacts') };
  for (const volume of Object.values(volumes))
    await execa('docker', [
      ...['volume', 'create', '--opt', 'type=tmpfs', '--opt', 'device=tmpfs'],
      ...['--opt', 'o=size=2g,uid=64100,gid=64100', volume],
    ]);
  const { stdout: holder } = await execa('docker', [
    ...['run', '--detach', '--rm', '--network', 'none', '--user', '64100:64100', '--env', 'HOME=/artifacts'],
    ...['--volume', `${volumes.workspace}:/workspace:nocopy`],
    ...['--volume', `${volumes.artifacts}:/artifacts:nocopy`],
    ...['--entrypoint', 'sleep', reference, 'infinity'],
  ]);
  return {
    volumes,
    run: async (script) => void (await execa('docker', ['exec', holder, 'python3', '-c', script])),
    remove: async () => {
      await execa('docker', ['kill', holder]);
      // The daemon lets go of a volume a moment after the container has ended.
      await execa('docker', ['wait', holder]).catch(() => undefined);
      for (const volume of Object.values(volumes)) await execa('docker', ['volume', 'rm', '--force', volume]);
    },
  };
}
