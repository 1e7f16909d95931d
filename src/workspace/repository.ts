/**
 * Makes the git repository that an engine finds in its workspace, before the engine has touched anything.
 * Never call it on a folder that an engine has had in its hands.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyRepository, git } from './git.ts';
import { giveTree, type Owner } from './ownership.ts';

/**
 * Makes `dir/.git` with one commit of everything in `dir` on the branch main. Author, date and message are fixed, so
 * the same files give the same commit anywhere; no template, hook or configuration of the host goes in.
 * @returns the commit's id (SHA-1, 40 hex digits)
 * @throws ProofboxError `host` where git is missing or fails
 */
export async function initRepository(dir: string, owner: Owner): Promise<string> {
  const repository = join(dir, '.git');
  if (existsSync(repository)) throw new Error(`${repository} exists already`);
  await emptyRepository(repository, 'with worktree');
  const place = { repository, worktree: dir };
  // Ignored files too: the engine must start from a clean status.
  await git(place, ['add', '--all', '--force', '.']);
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
