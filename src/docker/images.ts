/** The image that cages are made from. Finding it is cheap; building loads its tools only when it must build. */
import type Docker from 'dockerode';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import type { BuildOptions } from './build.ts';
import { sandboxReference } from './inputs.ts';

export interface SandboxImage {
  /** name and tag; the tag is a digest of the image's inputs */
  reference: string;
  /** the image's id, `sha256:…` */
  digest: string;
  /** Config of `docker image inspect` */
  config: unknown;
}

/**
 * The sandbox image for the files as they are now.
 * @param arch the engine's architecture, where it is known
 * @throws ProofboxError `host` where it has not been built
 */
export async function sandboxImage(docker: Docker, arch?: string): Promise<SandboxImage> {
  const reference = await sandboxReference(PACKAGE_ROOT, arch ?? (await architectureOf(docker)));
  const found = await findImage(docker, reference);
  if (found !== null) return found;
  throw new ProofboxError('host', `the sandbox image ${reference} has not been built`, {
    fix: 'run scripts/setup, or proofbox image build',
  });
}

/**
 * Builds base and sandbox image where they are missing.
 * @throws ProofboxError `host` that names the step and the log
 */
export async function buildImages(docker: Docker, options: BuildOptions = {}): Promise<SandboxImage> {
  const arch = await architectureOf(docker);
  const reference = await sandboxReference(PACKAGE_ROOT, arch);
  const found = options.force === true ? null : await findImage(docker, reference);
  if (found !== null) return found;
  const { buildSandbox } = await import('./build.ts');
  await buildSandbox(docker, reference, arch, options);
  const built = await findImage(docker, reference);
  if (built !== null) return built;
  throw new ProofboxError('host', 'the sandbox image is missing after its build', {
    fix: 'run it again with --force',
  });
}

/** The engine's architecture in Docker's words: amd64, arm64. */
export async function architectureOf(docker: Docker): Promise<string> {
  return (await docker.version()).Arch;
}

/** The image under this name, or null where there is none. */
export async function findImage(docker: Docker, reference: string): Promise<SandboxImage | null> {
  try {
    const found = await docker.getImage(reference).inspect();
    return { reference, digest: found.Id, config: found.Config };
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return null;
    throw new ProofboxError('host', `the engine cannot say whether ${reference} exists`, {
      fix: 'run proofbox doctor',
      cause: error,
    });
  }
}
