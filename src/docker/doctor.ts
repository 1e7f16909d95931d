/** What this host can and cannot do, each with the fix. Looks only; changes nothing. */
import { statfs } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { Versions } from '../schema/cage.ts';
import { type Check, type EngineInfo, fail, ok, warn } from './check.ts';
import { connectDocker, type DockerConnection } from './connect.ts';
import { knownEscapes } from './escapes.ts';
import { sandboxImage } from './images.ts';
import { podmanCheck } from './podman.ts';
import { kernelCheck, limitChecks, ptraceCheck, securityChecks } from './requirements.ts';
import { ownershipCheck } from './user-namespace.ts';
import { engineFacts } from './versions.ts';

/** All checks, in the order in which one rests on the other. */
export async function examine(): Promise<Check[]> {
  const checks = [nodeCheck(), await ptraceCheck(), await diskCheck()];
  let connection: DockerConnection;
  try {
    connection = await connectDocker();
  } catch (error) {
    return [...checks, fail('engine', (error as Error).message, 'run scripts/setup')];
  }
  const { docker, strategy, endpoint } = connection;
  const { versions, info } = await engineFacts(docker);
  return [
    ...checks,
    ok('engine', `Docker ${versions.engine} (API ${versions.api}) at ${endpoint}, found by ${strategy}`),
    ok('versions', `containerd ${versions.containerd ?? 'unknown'}, runc ${versions.runc ?? 'unknown'}`),
    kernelCheck(versions),
    podmanCheck(versions.podman),
    storageCheck(info),
    ...securityChecks(info),
    ownershipCheck(info),
    ...limitChecks(info),
    ...escapeChecks(versions),
    await imageCheck(docker, versions.architecture),
  ];
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return enough
    ? ok('node', `Node.js ${process.versions.node}`)
    : fail('node', `Node.js ${process.versions.node}`, 'install Node.js 20.19 or newer');
}

async function diskCheck(): Promise<Check> {
  const disk = await statfs(process.cwd());
  const free = (disk.bavail * disk.bsize) / 1024 ** 3;
  return free > 2
    ? ok('disk', `${free.toFixed(1)} GiB free here`)
    : warn('disk', `${free.toFixed(1)} GiB free here`, 'free some space, or run from another disk');
}

/** vfs copies the whole image for every cage: it works, slowly and with much disk. */
function storageCheck({ Driver = 'unknown' }: EngineInfo): Check {
  return Driver === 'vfs'
    ? warn('storage', 'storage driver vfs copies the image for each cage', 'run the engine on overlay2')
    : ok('storage', `storage driver ${Driver}`);
}

/** Published escapes of this runc. A warning, not a failure: distributions mend without a new number. */
export function escapeChecks(versions: Versions): Check[] {
  return knownEscapes(versions).map(({ part, version, mendedIn, names }) =>
    warn(
      `escapes.${part}`,
      `${part} ${version} is older than ${mendedIn}: ${names}`,
      `update ${part}, unless your distribution has mended it`,
    ),
  );
}

async function imageCheck(docker: Docker, architecture: string): Promise<Check> {
  return sandboxImage(docker, architecture).then(
    (image) => ok('image', `${image.reference} (${image.digest.slice(0, 19)})`),
    (error: Error) => fail('image', error.message, 'run proofbox image build'),
  );
}
