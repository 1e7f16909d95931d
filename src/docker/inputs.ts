/** Names images by a digest of what goes into them, so that a change rebuilds and nothing else does. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT, PROOFBOX_VERSION } from '../package-root.ts';
import { LOCK_FILE } from './package-lock.ts';

/** What the base is made of, beside the locked packages; change a word here and every image is built anew. */
const BASE_RECIPE = ['debian', 'bookworm', 'minbase', 'ca-certificates', 'v3'];

/** Everything below the package root that goes into the sandbox image. Folders are taken whole. */
const SANDBOX_INPUTS = [
  'Dockerfile.sandbox',
  'images/recorder',
  'images/engines',
  LOCK_FILE,
  'images/node/package.json',
  'images/node/package-lock.json',
];

/** What a build or an editor leaves beside the sources. */
const NOT_INPUTS = /(?:\.o|\/proofbox-recorder(?:-sanitize)?|\/README\.md|\/__pycache__\/.*)$/;

/** Reference of the base image. */
export function baseReference(): string {
  const lock = readFileSync(join(PACKAGE_ROOT, LOCK_FILE));
  return `proofbox-base:${short(createHash('sha256').update(BASE_RECIPE.join('\n')).update(lock))}`;
}

/** Reference of the sandbox image for the files as they are now. */
export async function sandboxReference(root: string, architecture: string): Promise<string> {
  const hash = createHash('sha256').update(`${baseReference()}\n${architecture}\n`);
  for (const path of await inputFiles(root)) {
    const content = await readFile(join(root, path));
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return `proofbox-sandbox:${short(hash)}`;
}

/** For which architectures the recorder is written; Docker's words. */
const ARCHITECTURES = ['amd64', 'arm64'];

/**
 * The references that the sandbox image has on each architecture, and one digest of them and of the harness's version: two
 * hosts with equal digests make the same runs and judge them alike.
 */
export async function fleetInputs(root: string): Promise<{ digest: string; references: string[] }> {
  const references = await Promise.all(ARCHITECTURES.map((one) => sandboxReference(root, one)));
  const hash = createHash('sha256').update(`${PROOFBOX_VERSION}\n${references.join('\n')}\n`);
  return { digest: short(hash), references };
}

/** Paths of all input files relative to the root, sorted. */
export async function inputFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  for (const input of SANDBOX_INPUTS) files.push(...(await filesUnder(root, input)));
  return files.filter((path) => !NOT_INPUTS.test(path)).sort();
}

async function filesUnder(root: string, path: string): Promise<string[]> {
  const entries = await readdir(join(root, path), { recursive: true, withFileTypes: true }).catch(() => null);
  if (entries === null) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

function short(hash: ReturnType<typeof createHash>): string {
  return hash.digest('hex').slice(0, 16);
}
