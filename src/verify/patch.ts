/** Whether patch.diff, applied to the fixture, gives exactly what the engine left. Works on a copy of its own. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Contract } from '../schema/contract.ts';
import type { TreeEntry, Trees } from '../schema/tree.ts';
import { diffTrees, digestEntries, digestTree } from '../witness/tree.ts';
import { UNBOUNDED } from '../witness/walk.ts';
import { copyFixture } from '../workspace/copy.ts';
import { emptyRepository, gitCommand } from '../workspace/git.ts';
import { withoutState } from '../workspace/leave-out.ts';
import { planPatch } from '../workspace/patch-plan.ts';
import { removeTree } from '../workspace/remove.ts';
import { type Check, checkOf, type Problem } from './check.ts';

const ID = 'patch';
const FILE = 'patch.diff';

export interface PatchQuestion {
  /** absolute path of patch.diff */
  patch: string;
  contract: Contract;
  trees: Trees;
  /** the fixture's workspace, or why there is none to compare with */
  fixture: { workspace: string } | { problem: string };
}

/** @throws the system's error where the machine has no room for a copy of the fixture */
export async function patchCheck({ patch, contract, trees, fixture }: PatchQuestion): Promise<Check> {
  if ('problem' in fixture)
    return checkOf(ID, [{ file: FILE, what: `was not applied: ${fixture.problem}` }], '');
  const scratch = await mkdtemp(join(tmpdir(), 'proofbox-verify-'));
  try {
    const copy = join(scratch, 'workspace');
    await copyFixture(fixture.workspace, copy, {
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
    });
    const before = withoutState(trees.before.entries, contract.engine_state);
    const after = withoutState(trees.after.entries, contract.engine_state);
    const problems = await fixtureProblems(copy, contract, before);
    if (problems.length === 0) problems.push(...(await applied(patch, scratch, copy, before, after)));
    return checkOf(
      ID,
      problems,
      `applied to the fixture, it gives the ${after.length} entries that the engine left`,
    );
  } finally {
    // As deep and as wide as an engine made it.
    await removeTree(scratch);
  }
}

async function fixtureProblems(copy: string, contract: Contract, before: TreeEntry[]): Promise<Problem[]> {
  const tree = await whole(copy);
  if (tree.digest !== contract.fixture.digest)
    return [
      {
        file: 'contract.json',
        what: 'names another fixture than the one that was found; give --fixture PATH',
      },
    ];
  if (digestEntries(before) === contract.fixture.digest) return [];
  return [{ file: 'trees.json', what: '/before is not the fixture' }];
}

async function applied(
  patch: string,
  scratch: string,
  copy: string,
  before: TreeEntry[],
  after: TreeEntry[],
): Promise<Problem[]> {
  const { patched, inexpressible } = planPatch(before, after);
  if (patched.length > 0) {
    const repository = join(scratch, 'repository');
    await emptyRepository(repository, 'bare');
    const { file, args, options } = gitCommand({ repository, worktree: copy }, [
      'apply',
      '--whitespace=nowarn',
      patch,
    ]);
    const result = await execa(file, args, { ...options, reject: false, stdin: 'ignore', timeout: 120_000 });
    if (result.failed)
      return [{ file: FILE, what: `does not apply to the fixture: ${result.stderr.split('\n')[0]}` }];
  }
  const found = await whole(copy);
  return diffTrees(after, found.entries)
    .filter(({ path }) => !inexpressible.has(path))
    .map(({ path, change }) => ({
      file: FILE,
      what: `leaves ${JSON.stringify(path)} otherwise than the engine (${change})`,
    }));
}

function whole(folder: string) {
  return digestTree(folder, UNBOUNDED);
}
