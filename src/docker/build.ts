/** Builds the sandbox image: base, Node.js from the host, then Dockerfile.sandbox. Keeps the log of what it did. */
import { createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { BASE_LABEL, ensureBase } from './base-image.ts';
import { packContext } from './context.ts';
import { baseReference } from './inputs.ts';
import { npmPackages, pinned } from './npm-packages.ts';

export interface BuildOptions {
  /** build although the inputs did not change */
  force?: boolean;
  /** told at the start of each step */
  onStep?(text: string): void;
}

/** Where builds keep what they fetched and their logs; ignored by git. */
export function cacheDir(): string {
  return process.env.PROOFBOX_CACHE || join(PACKAGE_ROOT, '.cache');
}

/** What a build says where its network, and not the recipe, is at fault: no route, no name server, no bridge. */
const NO_ROUTE =
  /Temporary failure resolving|Could not resolve|Could not connect|Network is unreachable|failed to create endpoint/;

/**
 * Builds the sandbox image under the given reference.
 * @param architecture Docker's word for it: amd64, arm64
 * @throws ProofboxError `host` that names the step and the log
 */
export async function buildSandbox(
  docker: Docker,
  reference: string,
  architecture: string,
  { force = false, onStep = () => undefined }: BuildOptions,
): Promise<void> {
  const log = await openLog(cacheDir());
  const origin = await ensureBase(docker, architecture, onStep);
  onStep('fetching Node.js for the sandbox image');
  const node = await npmPackages(await pinned('node', 'Node.js'), architecture, cacheDir());
  const options = {
    t: reference,
    dockerfile: 'Dockerfile.sandbox',
    target: 'sandbox',
    nocache: force,
    buildargs: { BASE: baseReference() },
    labels: { [BASE_LABEL]: origin, 'io.proofbox.role': 'sandbox' },
  };
  onStep('building the sandbox image (recorder, git, python3, node)');
  let failure = await build(docker, await packContext(PACKAGE_ROOT, node), options, log);
  if (failure !== null && NO_ROUTE.test(`${failure.log}${failure.message}`)) {
    onStep("the engine's default network has no route; building on the host's network");
    failure = await build(
      docker,
      await packContext(PACKAGE_ROOT, node),
      { ...options, networkmode: 'host' },
      log,
    );
  }
  if (failure === null) return;
  throw new ProofboxError('host', `the sandbox image could not be built: ${failure.message}`, {
    fix: `read ${log}; a build needs Debian's packages over the network`,
    cause: new Error(failure.log),
  });
}

/** The log's path, once it is known that the folder can be written. */
export async function openLog(folder: string): Promise<string> {
  const path = join(folder, 'build.log');
  try {
    await mkdir(folder, { recursive: true });
    await (await open(path, 'a')).close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ProofboxError('host', `the cache folder ${folder} cannot be written (${code})`, {
      fix: 'make it writable, or set PROOFBOX_CACHE to another folder',
      cause: error,
    });
  }
  return path;
}

/**
 * Runs one build and writes its log.
 * @returns null, or the message and the end of the log where it failed
 */
export async function build(
  docker: Docker,
  context: NodeJS.ReadableStream,
  options: Docker.ImageBuildOptions & { target?: string },
  logFile: string,
): Promise<{ message: string; log: string } | null> {
  const log = createWriteStream(logFile);
  const words: string[] = [];
  let failure: string | null = null;
  try {
    const stream = await docker.buildImage(context, { forcerm: true, ...options });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error === null || error === undefined ? resolve() : reject(error)),
        (event: { stream?: string; error?: string }) => {
          log.write(event.stream ?? event.error ?? '');
          words.push(event.stream ?? event.error ?? '');
          if (words.length > 200) words.shift();
          if (event.error !== undefined) failure ??= event.error;
        },
      );
    });
  } catch (error) {
    failure ??= (error as Error).message;
  } finally {
    await new Promise<void>((resolve) => log.end(resolve));
  }
  return failure === null ? null : { message: oneLine(failure), log: words.join('') };
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
