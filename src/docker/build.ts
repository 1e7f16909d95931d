/** Builds the sandbox image: base, Node.js from the host, then Dockerfile.sandbox. Keeps the log of what it did. */
import { createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { BASE_LABEL, ensureBase } from './base-image.ts';
import { cacheDir } from './cache.ts';
import { packContext } from './context.ts';
import { flatten } from './flatten.ts';
import { follow } from './follow.ts';
import { imageContents } from './image-contents.ts';
import { baseReference } from './inputs.ts';
import { npmPackages, pinned } from './npm-packages.ts';
import { type Locked, lockedPackages, preferences } from './package-lock.ts';

export interface BuildOptions {
  /** build although the inputs did not change */
  force?: boolean;
  /** fail where a package is not of the locked version */
  locked?: boolean;
  /** told at the start of each step */
  onStep?(text: string): void;
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
  { force = false, locked = false, onStep = () => undefined }: BuildOptions,
): Promise<void> {
  const log = await openLog(cacheDir());
  const origin = await ensureBase(docker, architecture, onStep);
  onStep('fetching Node.js for the sandbox image');
  const node = await npmPackages(await pinned('node', 'Node.js'), architecture, cacheDir());
  const lock = lockedPackages(architecture);
  const labels = { [BASE_LABEL]: origin, 'io.proofbox.role': 'sandbox' };
  const options = {
    dockerfile: 'Dockerfile.sandbox',
    target: 'sandbox',
    nocache: force,
    buildargs: { BASE: baseReference() },
    labels,
  };
  onStep('building the sandbox image (recorder, git, python3, node)');
  const context = () => packContext(PACKAGE_ROOT, node, preferences(lock));
  let outcome = await build(docker, await context(), options, log);
  if (!outcome.built && NO_ROUTE.test(`${outcome.log}${outcome.message}`)) {
    onStep("the engine's default network has no route; building on the host's network");
    outcome = await build(docker, await context(), { ...options, networkmode: 'host' }, log);
  }
  if (!outcome.built)
    throw new ProofboxError('host', `the sandbox image could not be built: ${outcome.message}`, {
      fix: `read ${log}; a build needs Debian's packages over the network`,
      cause: new Error(outcome.log),
    });
  await checkLock(docker, outcome.image, lock, { locked, onStep });
  onStep('making the image one layer that is the same every time');
  await flatten(docker, {
    built: outcome.image,
    reference,
    labels,
    asOf: Date.parse(lock.as_of),
    scratch: join(cacheDir(), `layer-${process.pid}.tar`),
  });
}

/** Says which packages are not of the locked version, or throws where they must be. */
async function checkLock(
  docker: Docker,
  image: string,
  { packages }: Locked,
  { locked, onStep }: Required<Pick<BuildOptions, 'locked' | 'onStep'>>,
): Promise<void> {
  const { debian, tools } = await imageContents(docker, image);
  if (Object.keys(packages).length === 0 && !locked)
    return onStep('no package is locked for this architecture; the bill of materials says what was taken');
  const others = [...debian, ...tools].filter(({ name, version }) => packages[name] !== version);
  if (others.length === 0) return;
  const names = [...new Set(others.map(({ name, version }) => `${name} ${version}`))];
  const some =
    names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  const found = `${names.length} packages are not of the locked version (${some})`;
  if (locked)
    throw new ProofboxError('host', found, {
      fix: 'build without --locked, or write a new lock with: proofbox image lock',
    });
  onStep(`${found}; the bill of materials says which`);
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

/** The id of the image that was built, or the message and the end of the log. */
export type BuildOutcome = { built: true; image: string } | { built: false; message: string; log: string };

/** Runs one build and writes its log. */
export async function build(
  docker: Docker,
  context: NodeJS.ReadableStream,
  options: Docker.ImageBuildOptions & { target?: string },
  logFile: string,
): Promise<BuildOutcome> {
  const log = createWriteStream(logFile);
  const words: string[] = [];
  let failure: string | null = null;
  let image: string | null = null;
  try {
    const stream = await docker.buildImage(context, { forcerm: true, ...options });
    await follow(docker, stream, (event) => {
      image = event.aux?.ID ?? image;
      log.write(event.stream ?? event.error ?? '');
      words.push(event.stream ?? event.error ?? '');
      if (words.length > 200) words.shift();
      if (event.error !== undefined) failure ??= event.error;
    });
  } catch (error) {
    failure ??= (error as Error).message;
  } finally {
    await new Promise<void>((resolve) => log.end(resolve));
  }
  if (failure === null && image === null) failure = 'the container engine did not say what it built';
  return failure === null && image !== null
    ? { built: true, image }
    : { built: false, message: oneLine(failure ?? ''), log: words.join('') };
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
