/** Guards the forbidden roots of one run: looks at them before, looks again after, and searches what was handed in. */

import { ProofboxError } from '../errors.ts';
import type { RunPaths } from '../evidence/layout.ts';
import { searchCopiedFiles } from '../forbidden/copied-files.ts';
import { forbiddenPaths, type GuardedRoot, isWithin, refuseOverlap } from '../forbidden/roots.ts';
import { type Places, searchExposure } from '../forbidden/search.ts';
import { compareSnapshots, type Snapshot, snapshotRoot } from '../forbidden/snapshot.ts';
import type { ForbiddenDocument, ForbiddenRoot } from '../schema/report.ts';

export type { GuardedRoot } from '../forbidden/roots.ts';

export interface ForbiddenGuard {
  /** resolved and given paths, for the recorder */
  paths: string[];
  /** the first look alone, as it stands where nobody comes to look again */
  firstLooks: ForbiddenRoot[];
  /** looks again and searches the texts and the copied files; call it once, after the container is gone */
  finish(places: Places, copiedFiles: string): Promise<ForbiddenDocument>;
}

/**
 * Takes the first look, before anything starts.
 * @throws ProofboxError `usage` where a root overlaps the run directory or cannot be read
 */
export async function guardForbidden(
  roots: GuardedRoot[],
  paths: RunPaths,
  nonce: string,
): Promise<ForbiddenGuard> {
  const binds = [paths.workspace, paths.artifacts];
  await refuseOverlap(roots, binds);
  const before: Snapshot[] = [];
  for (const root of roots) before.push(await firstLook(root));
  return {
    paths: forbiddenPaths(roots),
    firstLooks: roots.map((root, index) => ({
      ...root,
      entries: before[index]?.entries.size ?? 0,
      before: before[index]?.digest ?? NOTHING,
      after: null,
      first_differences: ['nobody looked again: the harness had ended'],
    })),
    async finish(places, copiedFiles) {
      const from = [process.cwd(), paths.root, ...binds];
      const seen: ForbiddenRoot[] = [];
      for (const [index, root] of roots.entries()) seen.push(await secondLook(root, before[index]));
      return {
        schema: 'proofbox.forbidden/v1',
        nonce,
        roots: seen,
        searched: [...Object.keys(places), 'workspace'],
        exposures: [
          ...roots.flatMap((root) => searchExposure(root, places, from)),
          ...(await searchCopiedFiles(roots, copiedFiles, from)),
        ],
        overlaps: roots.flatMap(({ kind, resolved }) =>
          binds
            .filter((bind) => isWithin(bind, resolved) || isWithin(resolved, bind))
            .map((bind) => ({ kind, bind })),
        ),
      };
    },
  };
}

/** A digest of nothing; no root has it. */
const NOTHING = `sha256:${'0'.repeat(64)}` as const;

async function firstLook(root: GuardedRoot): Promise<Snapshot> {
  return snapshotRoot(root).catch((cause: Error) => {
    throw new ProofboxError(
      'usage',
      `the forbidden ${root.kind} ${root.path} cannot be read (${cause.message})`,
      {
        fix: 'make it readable for this user, or forbid the folders below it that are',
        cause,
      },
    );
  });
}

/** A root that cannot be read any more has no second digest: the proof fails. */
async function secondLook(root: GuardedRoot, before: Snapshot | undefined): Promise<ForbiddenRoot> {
  if (before === undefined) throw new Error(`${root.path} was never looked at`);
  const after = await snapshotRoot(root).catch((error: Error) => error);
  return {
    ...root,
    entries: before.entries.size,
    before: before.digest,
    after: after instanceof Error ? null : after.digest,
    first_differences: after instanceof Error ? [after.message] : compareSnapshots(before, after),
  };
}
