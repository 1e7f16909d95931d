/** Names of everything in a run directory. Data only. */
import { join } from 'node:path';

/** Beside the two folders of a `case` run: the run directory of its fake lane. */
export const BASELINE_DIR = 'baseline';

/** The envelopes of a signed run, one for each statement. */
export const ENVELOPES = {
  run: 'attestation.dsse.json',
  provenance: 'provenance.dsse.json',
  runtimeTrace: 'runtime-trace.dsse.json',
} as const;

/** What is made of the verdict: report, trace, digests and envelopes. Nothing is judged by it. */
export const DERIVED_FILES = [
  'report.json',
  'report.md',
  'report.html',
  'trace.jsonl',
  'digests.json',
] as const;

const DERIVED = new Set<string>([...DERIVED_FILES, ...Object.values(ENVELOPES)]);

/** True for a file of the bundle that is no evidence but made of it. */
export function isDerived(path: string): boolean {
  return DERIVED.has(path);
}

/** The only two folders that stand in run_artifact_dir while the engine runs. */
export const ENGINE_DIRS = ['backend', 'inputs'] as const;

/** Folders under backend/ to which the image's links point: /tmp, /var/tmp and $HOME. */
export const BACKEND_DIRS = ['tmp', 'var-tmp', 'home'] as const;

export interface RunPaths {
  root: string;
  workspace: string;
  artifacts: string;
  /** the harness's own folder while the run goes on; never mounted, removed at the end */
  spool: string;
}

/** Absolute paths of a run directory's parts. */
export function runPaths(root: string): RunPaths {
  return {
    root,
    workspace: join(root, 'workspace'),
    artifacts: join(root, 'artifacts'),
    spool: join(root, '.spool'),
  };
}
