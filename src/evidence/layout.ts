/** Names of everything in a run directory. Data only. */
import { join } from 'node:path';

/** What the harness writes into run_artifact_dir, all of it after the container is gone. */
export const HARNESS_FILES = [
  'report.json',
  'report.md',
  'events.normalized.jsonl',
  'trace.jsonl',
  'writes.jsonl',
  'processes.jsonl',
  'watch.jsonl',
  'cage.json',
  'contract.json',
  'trees.json',
  'forbidden.json',
  'patch.diff',
  'test.log',
  'digests.json',
] as const;
export type HarnessFile = (typeof HARNESS_FILES)[number];

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
