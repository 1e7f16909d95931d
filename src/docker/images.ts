/** The images that cages are made from: finds them, or builds what is missing. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import tar from 'tar-fs';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { ensureBase } from './base-image.ts';
import { baseReference, inputFiles, sandboxReference } from './inputs.ts';
import { nodePackages } from './node-packages.ts';

export interface SandboxImage {
  /** name and tag; the tag is a digest of the image's inputs */
  reference: string;
  /** the image's id, `sha256:…` */
  digest: string;
  /** Config of `docker image inspect` */
  config: unknown;
}

export interface BuildOptions {
  /** build although the inputs did not change */
  force?: boolean;
  /** told at the start of each step */
  onStep?(text: string): void;
}

/** Where builds keep what they fetched and their logs; ignored by git. */
export function cacheDir(): string {
  return process.env.PROOFBOX_CACHE ?? join(PACKAGE_ROOT, '.cache');
}

/**
 * The sandbox image for the files as they are now.
 * @throws ProofboxError `host` where it has not been built
 */
export async function sandboxImage(docker: Docker): Promise<SandboxImage> {
  const reference = await sandboxReference(PACKAGE_ROOT, await architecture(docker));
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
  const arch = await architecture(docker);
  const reference = await sandboxReference(PACKAGE_ROOT, arch);
  const found = options.force === true ? null : await findImage(docker, reference);
  if (found !== null) return found;
  const onStep = options.onStep ?? (() => undefined);
  await mkdir(cacheDir(), { recursive: true }).catch((cause) => {
    throw new ProofboxError('host', `the cache folder ${cacheDir()} cannot be written (${cause.code})`, {
      fix: 'make it writable, or set PROOFBOX_CACHE to another folder',
      cause,
    });
  });
  await ensureBase(docker, onStep);
  onStep('fetching Node.js for the sandbox image');
  const node = await nodePackages(arch, cacheDir());
  onStep('building the sandbox image (recorder, git, python3, node)');
  const context = packContext(node);
  await build(docker, await context, {
    t: reference,
    dockerfile: 'Dockerfile.sandbox',
    buildargs: { BASE: baseReference() },
    target: 'sandbox',
  });
  const built = await findImage(docker, reference);
  if (built === null)
    throw new ProofboxError('host', 'the sandbox image is missing after its build', {
      fix: 'run it again with --force',
    });
  return built;
}

/**
 * Builds one image and keeps the log.
 * @throws ProofboxError `host` with the build's last words
 */
export async function build(
  docker: Docker,
  context: NodeJS.ReadableStream,
  options: Docker.ImageBuildOptions & { target?: string },
): Promise<void> {
  const logFile = join(cacheDir(), 'build.log');
  const log = createWriteStream(logFile);
  const words: string[] = [];
  let failure: string | null = null;
  try {
    const stream = await docker.buildImage(context as NodeJS.ReadableStream, { forcerm: true, ...options });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error === null || error === undefined ? resolve() : reject(error)),
        (event: { stream?: string; error?: string }) => {
          log.write(event.stream ?? '');
          words.push(event.stream ?? '');
          if (words.length > 50) words.shift();
          if (event.error !== undefined) failure = event.error;
        },
      );
    });
  } catch (error) {
    failure ??= (error as Error).message;
  } finally {
    log.end();
  }
  if (failure === null) return;
  throw new ProofboxError('host', `the image ${options.t ?? ''} could not be built: ${failure}`, {
    fix: `read ${logFile}; a build needs Debian's packages over the network`,
    cause: new Error(words.join('')),
  });
}

/** The build context as one tar stream: our inputs, and the Node.js packages as `.node/`. */
export async function packContext(nodeModules: string | null): Promise<NodeJS.ReadableStream> {
  const entries = await inputFiles(PACKAGE_ROOT);
  const own = [...entries, 'images/recorder-arm64.Dockerfile'];
  const out = new PassThrough();
  const fixed = (header: tar.Headers) => ({ ...header, uid: 0, gid: 0, mtime: new Date(0) });
  const pack =
    nodeModules === null
      ? tar.pack(PACKAGE_ROOT, { entries: own, map: fixed })
      : tar.pack(PACKAGE_ROOT, {
          entries: own,
          map: fixed,
          finalize: false,
          finish: (first) => {
            tar.pack(nodeModules, {
              pack: first,
              map: (header) => ({ ...fixed(header), name: join('.node', header.name) }),
            } as tar.PackOptions);
          },
        });
  pack.on('error', (error) => out.destroy(error));
  return pack.pipe(out);
}

/** The engine's architecture in Docker's words: amd64, arm64. */
export async function architecture(docker: Docker): Promise<string> {
  return (await docker.version()).Arch;
}

async function findImage(docker: Docker, reference: string): Promise<SandboxImage | null> {
  const found = await docker
    .getImage(reference)
    .inspect()
    .catch(() => null);
  return found === null ? null : { reference, digest: found.Id, config: found.Config };
}
