/**
 * Takes run_artifact_dir back after the container is gone and puts the harness's files in place.
 * Whatever the engine planted there is moved aside whole; no planted name is ever opened, followed or overwritten.
 */
import { chmod, chown, lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBytes } from '../witness/bytes.ts';
import { ENGINE_DIRS } from './layout.ts';

/** The harness's own folder inside backend/ for things that were planted. */
const PLANTED = 'planted';

/** Raw logs that the harness puts into backend/. */
export const BACKEND_LOGS = ['stdout.log', 'stderr.log'] as const;

/**
 * Clears the way for the evidence. Call it once, after the container is gone.
 * @returns the names of everything that stood where only the harness writes, in PEP 383 form
 */
export async function reclaimArtifacts(artifacts: string, nonce: string): Promise<string[]> {
  const planted: { from: Buffer; label: string }[] = [];
  const root = Buffer.from(`${artifacts}/`);
  if (process.getuid?.() === 0) await chown(artifacts, 0, 0);
  await chmod(artifacts, 0o755);
  for (const name of await readdir(artifacts, { encoding: 'buffer' })) {
    const label = decodeBytes(name);
    const path = Buffer.concat([root, name]);
    const expected = (ENGINE_DIRS as readonly string[]).includes(label) && (await lstat(path)).isDirectory();
    if (!expected) planted.push({ from: path, label });
  }
  for (const name of [...BACKEND_LOGS, PLANTED]) {
    const path = join(artifacts, 'backend', name);
    const isThere = !planted.some((entry) => entry.label === 'backend') && (await exists(path));
    if (isThere) planted.push({ from: Buffer.from(path), label: `backend/${name}` });
  }
  if (planted.length > 0) await moveAside(artifacts, planted, nonce);
  for (const name of ENGINE_DIRS) await mkdir(join(artifacts, name), { recursive: true });
  await chmod(join(artifacts, 'backend'), 0o755);
  return planted.map((entry) => entry.label);
}

/** Puts a finished spool file in place. The target must not exist: the way was cleared before. */
export async function place(spoolFile: string, artifacts: string, name: string): Promise<void> {
  const target = join(artifacts, name);
  if (await exists(target)) throw new Error(`${name} stands in the way of the evidence`);
  await chmod(spoolFile, 0o644);
  await rename(spoolFile, target);
}

/** Everything planted goes to backend/planted/, numbered, so that no name can clash or be followed. */
async function moveAside(
  artifacts: string,
  planted: { from: Buffer; label: string }[],
  nonce: string,
): Promise<void> {
  const waiting = join(artifacts, `.planted-${nonce}`);
  await mkdir(waiting);
  for (const [index, entry] of planted.entries()) await rename(entry.from, join(waiting, String(index + 1)));
  await mkdir(join(artifacts, 'backend'), { recursive: true });
  await rename(waiting, join(artifacts, 'backend', PLANTED));
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}
