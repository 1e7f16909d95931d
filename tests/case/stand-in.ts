/** A checkout of the stand-in for Case, and runs of it behind open gates. */
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { type Bundle, proofbox, run } from '../integration/product.ts';

export const OPEN_GATES = { CTO_HARNESS_ALLOW_CASE: '1', CTO_HARNESS_CASE_STAGE: '2' };

/** git as nobody in particular, in `cwd`. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const who = [
    '-c',
    'user.name=nobody',
    '-c',
    'user.email=nobody@localhost',
    '-c',
    'init.defaultBranch=main',
  ];
  return (await execa('git', [...who, ...args], { cwd })).stdout;
}

/** A checkout with one commit; `edit` changes the files before it is made. */
export async function checkout(
  base: string,
  edit: (folder: string) => Promise<void> = async () => undefined,
) {
  const folder = await mkdtemp(join(base, 'source-'));
  await cp(join(PACKAGE_ROOT, 'images/case-stand-in'), folder, { recursive: true });
  await edit(folder);
  await git(folder, 'init', '--quiet');
  await git(folder, 'add', '--all', '--force');
  await git(folder, 'commit', '--quiet', '--message', 'one');
  return folder;
}

/** The stand-in with another word for its misbehaviour. */
export function misbehaving(base: string, word: string): Promise<string> {
  return checkout(base, async (folder) => {
    const file = join(folder, 'src/index.ts');
    const text = await readFile(file, 'utf8');
    const changed = text.replace("MISBEHAVIOUR: string = 'none'", `MISBEHAVIOUR: string = '${word}'`);
    if (changed === text) throw new Error('the stand-in has no place for a misbehaviour');
    await writeFile(file, changed);
  });
}

/** A folder with a runs folder of its own in which stage 1 was run. */
export async function stage1Done(base: string): Promise<string> {
  const cwd = await mkdtemp(join(base, 'project-'));
  const { exitCode, stderr } = await proofbox(['validate', 'stage1'], { cwd });
  if (exitCode !== 0) throw new Error(stderr);
  return cwd;
}

/** `proofbox run --engine case` from there, with every gate open. */
export function runCase(
  base: string,
  cwd: string,
  fixture: string,
  source: string,
  flags: string[] = ['--provider', 'scripted'],
): Promise<Bundle> {
  const args = [fixture, '--engine', 'case', '--case-source', source, ...flags];
  return run(base, args, { cwd, env: OPEN_GATES });
}
