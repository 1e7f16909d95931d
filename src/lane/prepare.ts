/** Makes the run directory: two folders for the cage, one of the harness's own. Starts nothing. */
import { chmod, chown, lstat, mkdir, readdir, rename, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProofboxError } from '../errors.ts';
import { BACKEND_DIRS, ENGINE_DIRS, type RunPaths, runPaths } from '../evidence/layout.ts';
import { removeTree } from '../workspace/remove.ts';
import { scrapName, thisOwner } from './owner.ts';

/** In the spool from its first moment: whose it is. */
export const OWNER_FILE = 'owner.json';

export interface Owner {
  uid: number;
  gid: number;
}

/** A run directory that is ours, and the way to give it back unused. */
export interface Claim {
  paths: RunPaths;
  /** removes what the claim made; call it only where nothing was started */
  release(): Promise<void>;
}

/**
 * Claims the run directory: it must not exist, or be an empty folder.
 * @throws ProofboxError `usage` where something stands there or it cannot be made
 */
export async function claimRunDirectory(root: string): Promise<Claim> {
  if (/[:\n]/.test(root)) {
    throw new ProofboxError(
      'usage',
      `the run directory ${JSON.stringify(root)} holds a colon or a line break, which a bind mount cannot name`,
      { fix: 'choose another folder with --out' },
    );
  }
  const parent = dirname(root);
  const firstMade = await mkdir(parent, { recursive: true }).catch((cause) => {
    throw unwritable(parent, cause);
  });
  const isMade = await makeRoot(root);
  const paths = runPaths(root);
  const draft = scrapFolder(paths);
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(join(draft, OWNER_FILE), JSON.stringify(thisOwner()));
    // Two runs may race for one empty folder: whoever puts the spool there owns it, and it says whose it is at once.
    await rename(draft, paths.spool);
  } catch (error) {
    await removeTree(draft).catch(() => undefined);
    const cause = error as NodeJS.ErrnoException;
    throw cause.code === 'ENOTEMPTY' || cause.code === 'EEXIST'
      ? new ProofboxError('usage', `another run is using ${root}`, { fix: 'give --out another path', cause })
      : unwritable(root, cause);
  }
  return {
    paths,
    async release() {
      await removeSpool(paths);
      if (isMade) await removeEmpty(root, firstMade ?? root);
    },
  };
}

/** True where the folder was made now, false where it stood there empty. */
async function makeRoot(root: string): Promise<boolean> {
  try {
    await mkdir(root, { mode: 0o755 });
    return true;
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    if (cause.code !== 'EEXIST') throw unwritable(root, cause);
  }
  const stat = await lstat(root);
  if (stat.isDirectory() && (await readdir(root)).length === 0) return false;
  const what = stat.isSymbolicLink()
    ? 'is a symbolic link'
    : stat.isDirectory()
      ? 'is not empty'
      : 'is not a folder';
  throw new ProofboxError('usage', `the run directory ${root} ${what}`, {
    fix: 'give --out a path that does not exist yet; a run is never overwritten',
  });
}

/** Removes empty folders from `path` up to and including `last`; stops at the first that holds something. */
async function removeEmpty(path: string, last: string): Promise<void> {
  for (let at = path; at.startsWith(last); at = dirname(at)) {
    if (
      !(await rmdir(at).then(
        () => true,
        () => false,
      ))
    )
      return;
  }
}

/** The two folders of a cage, owned by its user, with the link targets of /tmp, /var/tmp and $HOME. */
export async function makeCageFolders(workspace: string, artifacts: string, owner: Owner): Promise<void> {
  await mkdir(workspace, { recursive: true });
  await mkdir(artifacts);
  for (const name of ENGINE_DIRS) await mkdir(join(artifacts, name));
  for (const name of BACKEND_DIRS) await mkdir(join(artifacts, 'backend', name));
  const folders = [
    workspace,
    artifacts,
    ...ENGINE_DIRS.map((n) => join(artifacts, n)),
    ...BACKEND_DIRS.map((n) => join(artifacts, 'backend', n)),
  ];
  for (const folder of folders) {
    await chmod(folder, 0o755);
    await giveTo(folder, owner);
  }
}

/** Looks whether run_artifact_dir holds no file at all yet: only the empty folders a cage needs. */
export async function holdsNothing(artifacts: string): Promise<boolean> {
  const entries = await readdir(artifacts, { recursive: true, withFileTypes: true });
  return entries.every((entry) => entry.isDirectory());
}

/** Writes what the engine may read into inputs/. Names are the harness's own, never an engine's. */
export async function writeInputs(
  artifacts: string,
  inputs: Record<string, string>,
  owner: Owner,
): Promise<void> {
  for (const [name, text] of Object.entries(inputs)) {
    const path = join(artifacts, 'inputs', name);
    await writeFile(path, text, { flag: 'wx', mode: 0o444 });
    await giveTo(path, owner);
  }
}

/**
 * Removes the harness's own folder and the copies that only the cages needed. The run is over the moment it has another
 * name: whoever is killed later leaves nothing that looks like a run under way.
 */
export async function removeSpool(paths: RunPaths): Promise<void> {
  const scrap = scrapFolder(paths);
  const isThere = await rename(paths.spool, scrap).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  if (isThere) await removeTree(scrap);
}

function scrapFolder({ root }: RunPaths): string {
  return join(root, scrapName(thisOwner()));
}

async function giveTo(path: string, owner: Owner): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, owner.uid, owner.gid);
}

function unwritable(path: string, cause: NodeJS.ErrnoException): ProofboxError {
  return new ProofboxError(
    'usage',
    `the runs folder ${path} cannot be written (${cause.code ?? cause.message})`,
    {
      fix: 'make it writable, free some space, or choose another place with --out',
      cause,
    },
  );
}
