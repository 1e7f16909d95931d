/**
 * Makes the git repository that an engine finds in its workspace, before the engine has touched anything.
 * Never call it on a folder that an engine has had in its hands.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyRepository, git } from './git.ts';
import { giveTree, type Owner } from './ownership.ts';

/** What a workspace holds, and what it may. */
export interface Volume {
  /** files, folders and links */
  entries: number;
  /** the regular files' sizes together */
  bytes: number;
  /** what workspace and artifacts may occupy on disk */
  maxBytes: number;
}

/** Beyond it git takes longer to look for an object among those it has packed than to make a file of it. */
const MAX_PACKED = 20_000;
/** Larger files are sooner written as they are: what goes into a pack is digested twice. */
const SMALL_FILE = 256 << 10;
/** Uncompressed, workspace and repository together are twice the files: half of what there may be is left for the engine. */
const PARTS_OF_THE_LIMIT = 4;

/** How git keeps the objects. The commit is the same whatever it is. */
function storage({ entries, bytes, maxBytes }: Volume): string[] {
  const isSmall = entries <= MAX_PACKED && bytes <= entries * SMALL_FILE;
  return [
    // One file of small ones instead of one for each: on some disks it is what making them costs that counts.
    ...(isSmall ? ['core.bigFileThreshold=1'] : []),
    ...(bytes * PARTS_OF_THE_LIMIT <= maxBytes ? ['core.compression=0'] : []),
  ].flatMap((setting) => ['-c', setting]);
}

/**
 * Makes `dir/.git` with one commit of everything in `dir` on the branch main. Author, date and message are fixed, so
 * the same files give the same commit anywhere; no template, hook or configuration of the host goes in.
 * @returns the commit's id (SHA-1, 40 hex digits)
 * @throws ProofboxError `host` where git is missing or fails
 */
export async function initRepository(dir: string, owner: Owner, volume: Volume): Promise<string> {
  const repository = join(dir, '.git');
  if (existsSync(repository)) throw new Error(`${repository} exists already`);
  await emptyRepository(repository, 'with worktree');
  const place = { repository, worktree: dir };
  // Ignored files too: the engine must start from a clean status.
  await git(place, [...storage(volume), 'add', '--all', '--force', '.']);
  await git(place, [
    'commit',
    '--quiet',
    '--allow-empty',
    '--no-verify',
    '--cleanup=verbatim',
    '--message=The fixture as it was given\n',
  ]);
  const commit = (await readFile(join(repository, 'refs/heads/main'), 'utf8')).trim();
  giveTree(repository, owner);
  return commit;
}
