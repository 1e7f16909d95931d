/**
 * Runs the fixture's tests in a cage of their own, on a copy that nothing else uses. Never on the host. The cage may be
 * made early; the copy never is.
 */
import { join } from 'node:path';
import type { EndedCage } from '../cage/run.ts';
import { CAGE_ENV } from '../engines/environment.ts';
import type { CageRecord } from '../schema/cage.ts';
import { copyTree } from '../workspace/copy.ts';
import { admission } from './admission.ts';
import type { RunContext } from './context.ts';
import { ownerLabels } from './identity.ts';
import { makeCageFolders } from './prepare.ts';
import { type CageSpool, cageSpool, runRecordedCage } from './recorded-cage.ts';
import { WaitingCage } from './waiting-cage.ts';

export interface TestsOutcome {
  /** `removed` is not known yet */
  cage: CageRecord;
  /** the same once the container is removed. Never rejects */
  whole: Promise<CageRecord>;
  files: CageSpool;
}

type TestsRole = 'tests_before' | 'tests_after';

/**
 * A cage for the tests that was made before its turn: the recorder is in it and nothing else, its two folders are mounted
 * in no other cage, and the workspace among them is empty.
 */
export interface WaitingTests {
  /**
   * Copies `source` into the empty workspace and lets the tests begin. Call it once.
   * @param source the pristine fixture copy for `tests_before`, the result for `tests_after`, whose engine must be gone
   * @throws what a cage throws, or the disk's error
   */
  runOn(source: string): Promise<TestsOutcome>;
  /** Gives the cage up unused; over when it is removed. Without effect once `runOn` was called. */
  dismiss(): Promise<void>;
}

/** Makes the cage and its folders. It counts for nothing until it is told to run. */
export function prepareTests(context: RunContext, role: TestsRole, command: string[]): WaitingTests {
  const { paths, owner, contract } = context;
  const folder = join(paths.spool, role);
  const workspace = join(folder, 'workspace');
  const artifacts = join(folder, 'artifacts');
  const files = cageSpool(paths.spool, role);
  const made = makeCageFolders(workspace, artifacts, owner);
  const cage = new WaitingCage((turn) =>
    made.then(() => testsCage(context, role, { command, workspace, artifacts, turn, files })),
  );
  return {
    async runOn(source) {
      try {
        await made;
        await copyTree(source, workspace, {
          ...owner,
          leaveOut: contract.engine_state,
          limits: { maxEntries: contract.limits.workspace_files, maxBytes: contract.limits.workspace_bytes },
        });
      } catch (error) {
        await cage.dismiss();
        throw error;
      }
      const ended = await cage.begin();
      context.rubbish.discard(folder);
      return { ...ended, files };
    },
    dismiss: () => cage.dismiss(),
  };
}

function testsCage(
  context: RunContext,
  role: TestsRole,
  cage: { command: string[]; workspace: string; artifacts: string; turn: Promise<boolean>; files: CageSpool },
): Promise<EndedCage> {
  const { user, contract } = context;
  const { limits } = contract;
  return runRecordedCage(
    context.docker,
    {
      role,
      runId: contract.run_id,
      nonce: contract.nonce,
      image: context.image,
      workspaceDir: cage.workspace,
      artifactsDir: cage.artifacts,
      user,
      argv: cage.command,
      env: CAGE_ENV,
      limits: { ...limits, timeout_ms: limits.test_timeout_ms },
      record: 'writes',
      ...(context.runtime === undefined ? {} : { runtime: context.runtime }),
      allowDegraded: context.allowDegraded,
      labels: ownerLabels(contract.run_id, role),
    },
    {
      timeoutMs: limits.test_timeout_ms,
      forbiddenPaths: [],
      admit: admission(context, role),
      turn: cage.turn,
      signal: context.signal,
      imageConfig: context.image.config,
    },
    cage.files,
  );
}
