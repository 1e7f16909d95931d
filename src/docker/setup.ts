/** The part of scripts/setup that needs Docker: an engine that answers, and the images. */
import { withBill } from './bill-of-materials.ts';
import { candidates } from './candidates.ts';
import { type DockerConnection, noEngine, tryCandidates } from './connect.ts';
import { buildImages } from './images.ts';

/** Finds or starts an engine, then builds what is missing. Tells its steps to `say`. */
export async function setUp(say: (line: string) => void): Promise<void> {
  const { docker } = await ensureEngine(say);
  // The bill of materials too: the first run need not wait for it.
  await withBill(docker, await buildImages(docker, { onStep: say }));
}

/**
 * An engine that answers; installed and started where there is none and we may.
 * @throws ProofboxError `host` with the exact command to type
 */
export async function ensureEngine(say: (line: string) => void): Promise<DockerConnection> {
  const { connection, refusals } = await tryCandidates(await candidates(process.env));
  if (connection !== null) return connection;
  if (process.env.DOCKER_HOST) throw noEngine(refusals, 'correct DOCKER_HOST, or unset it');
  const { installPackages, isDebian, isOnPath } = await import('./packages.ts');
  const isInstalled = await isOnPath('dockerd');
  const debian = await isDebian();
  if (process.getuid?.() !== 0) throw noEngine(refusals, howToInstall(isInstalled, debian));
  if (!isInstalled) {
    if (!debian) throw noEngine(refusals, howToInstall(isInstalled, debian));
    say('there is no container engine on this machine');
    await installPackages(['docker.io', 'iptables', 'ca-certificates', 'cgroupfs-mount'], 'dockerd');
    // Its package starts the service where there is an init system that does so.
    const started = await tryCandidates(await candidates(process.env));
    if (started.connection !== null) return started.connection;
  }
  const { startEngine } = await import('./daemon.ts');
  return startEngine(say);
}

function howToInstall(isInstalled: boolean, isDebian: boolean): string {
  if (isInstalled) return 'type: sudo systemctl start docker, and add this user to the docker group';
  return isDebian
    ? "type: sudo sh -c 'apt-get update && apt-get install -y docker.io'"
    : 'install Docker Engine 20.10 or newer and start it';
}
