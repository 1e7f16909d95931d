/** Makes run.json: what the harness knew while the run went on, noted before anything is judged. */

import type { Moment } from '../evidence/clock.ts';
import type { BundleFile } from '../evidence/inventory.ts';
import type { RunPaths } from '../evidence/layout.ts';
import { PROOFBOX_VERSION } from '../package-root.ts';
import type { RunDocument } from '../schema/run.ts';
import type { RunState } from '../schema/state.ts';

/** What is known only at the end. */
export interface RunEnd
  extends Pick<
    RunDocument,
    'interrupted' | 'forged' | 'baseline' | 'provider_requests' | 'tests_before' | 'signer'
  > {
  finished: Moment;
}

/**
 * @param state as the run noted it on its way; also where somebody else seals the run
 * @param files every file of the bundle, which is complete but for this document; the run ends here
 */
export function runDocument(
  state: RunState,
  paths: RunPaths,
  { finished, ...end }: RunEnd,
  files: Map<string, BundleFile>,
): RunDocument {
  const { contract } = state;
  return {
    schema: 'proofbox.run/v1',
    nonce: contract.nonce,
    run_id: contract.run_id,
    proofbox_version: PROOFBOX_VERSION,
    fixture_title: state.fixture_title,
    image: state.image,
    started_at: new Date(state.started_at_ms).toISOString(),
    finished_at: finished.at,
    wall_ms: finished.t_ms,
    interrupted: end.interrupted,
    artifact_dir_was_empty: state.artifact_dir_was_empty,
    forged: end.forged,
    binds: { workspace: paths.workspace, artifacts: paths.artifacts },
    host_namespaces: state.host_namespaces,
    file_times: Object.fromEntries(
      [...files].map(([path, { mtime_ms, ctime_ms }]) => [path, { mtime_ms, ctime_ms }]),
    ),
    gates: state.gates,
    stage1: state.stage1,
    candidate: state.candidate,
    tools: state.tools,
    baseline: end.baseline,
    provider_requests: end.provider_requests,
    assignment: state.assignment,
    tests_before: end.tests_before,
    signer: end.signer,
  };
}
