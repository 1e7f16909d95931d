/** Runs the fixture's tests in a cage of their own, on a copy that nothing else uses. Never on the host. */
import { join } from 'node:path';
import { CAGE_ENV } from '../engines/environment.ts';
import type { CageRecord } from '../schema/cage.ts';
import { copyResult } from '../workspace/copy.ts';
import { removeTree } from '../workspace/remove.ts';
import { admission } from './admission.ts';
import type { RunContext } from './context.ts';
import { ownerLabels } from './identity.ts';
import { makeCageFolders } from './prepare.ts';
import { type CageSpool, cageSpool, runRecordedCage } from './recorded-cage.ts';

export interface TestsOutcome {
  cage: CageRecord;
  files: CageSpool;
}

/**
 * Copies `source` and runs the test command on the copy.
 * @param source the pristine fixture copy for `tests_before`, the result for `tests_after`
 */
export async function runTests(
  context: RunContext,
  role: 'tests_before' | 'tests_after',
  source: string,
  command: string[],
): Promise<TestsOutcome> {
  const { paths, owner, user, contract } = context;
  const folder = join(paths.spool, role);
  const workspace = join(folder, 'workspace');
  const artifacts = join(folder, 'artifacts');
  const { limits } = contract;
  await makeCageFolders(workspace, artifacts, owner);
  await copyResult(source, workspace, {
    ...owner,
    leaveOut: contract.engine_state,
    limits: { maxEntries: limits.workspace_files, maxBytes: limits.workspace_bytes },
  });
  const files = cageSpool(paths.spool, role);
  const cage = await runRecordedCage(
    context.docker,
    {
      role,
      runId: contract.run_id,
      nonce: contract.nonce,
      image: context.image,
      workspaceDir: workspace,
      artifactsDir: artifacts,
      user,
      argv: command,
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
      signal: context.signal,
      imageConfig: context.image.config,
    },
    files,
  );
  await removeTree(folder);
  return { cage, files };
}
