/**
 * What the proofs look at: every primary document of one run, parsed or with the reason why it could not be.
 * Types only. It is filled in from the files of a bundle alone, in the same way by `run` and by `verify`.
 */

import type { CageDocument } from '../schema/cage.ts';
import type { Digest } from '../schema/common.ts';
import type { Contract } from '../schema/contract.ts';
import type { NormalizedEvent } from '../schema/event.ts';
import type { Verdict, WriteRoot } from '../schema/recorder.ts';
import type { Digests, ForbiddenDocument, InventoryKind } from '../schema/report.ts';
import type { RunDocument } from '../schema/run.ts';
import type { Sbom } from '../schema/sbom.ts';
import type { TreeChange, Trees } from '../schema/tree.ts';
import type * as z from '../schema/zod.ts';

/** A document that was read whole, or why it was not: "missing", "truncated", "does not parse: …". */
export type Loaded<T> = { value: T; problem?: never } | { problem: string; value?: never };

/** The first line of a JSON-lines file that is not as it must be. `line` counts from 1. */
export interface LineProblem {
  line: number;
  /** completes "line N …", such as "breaks the sequence: expected 7, found 9" */
  what: string;
}

/** One record worth showing, with its line. */
export interface SampledRecord {
  line: number;
  syscall: string;
  access: string;
  path: string;
  resolved: string;
  verdict: z.infer<typeof Verdict>;
  reason?: string;
}

/** Records counted by root and verdict. */
export type RootCounts = Record<WriteRoot, { allowed: number; denied: number }>;

/** One pass over `writes.jsonl`. */
export interface WritesSummary {
  /** whole lines, sound or not */
  count: number;
  /** on line 1; null where it is absent or the file has no line */
  nonce: string | null;
  problem: LineProblem | null;
  /** records of every access but `read`, by the root that the recorder named */
  counts: RootCounts;
  /** the same of access `read` */
  reads: RootCounts;
  /** denied by a root of its own: nothing under the two folders, no device, no kernel file */
  denied: {
    count: number;
    first: SampledRecord | null;
    /** most frequent first, at most 50 */
    paths: { path: string; attempts: number }[];
    /** of them, those that would have changed nothing anywhere: folders to be made that were there */
    futile: number;
    /** the first of the others */
    first_telling: SampledRecord | null;
    /** denied because the caller could not be read */
    unreadable: number;
    /** denied because of the calling convention (i386, x32) */
    foreign_abi: number;
  };
  /** allowed, though the path does not lie where `root` says or `root` is none; counted whole, sampled */
  misplaced: { count: number; samples: SampledRecord[] };
  /** any record that names a forbidden path; counted whole, sampled */
  forbidden: { count: number; samples: SampledRecord[] };
}

/** One pass over `processes.jsonl`. */
export interface ProcessesSummary {
  count: number;
  nonce: string | null;
  problem: LineProblem | null;
  /** programs the recorder refused to start */
  denied: number;
}

/** One pass over `watch.jsonl`. */
export interface WatchSummary {
  count: number;
  nonce: string | null;
  problem: LineProblem | null;
  /** milliseconds since the run began; null where line 1 is not `ready` */
  ready_ms: number | null;
  /** null where the last line is not `drained` */
  drained_ms: number | null;
  /** `error` records: how many, and the first few messages */
  errors: { count: number; first: string[] };
}

/** One pass over `provider.jsonl`. */
export interface ProviderSummary {
  count: number;
  nonce: string | null;
  problem: LineProblem | null;
  /** requests that were never answered as they must be, or were not the cassette's next; sampled */
  failures: {
    count: number;
    samples: { line: number; outcome: string; path: string; status: number }[];
  };
  tokens: { input: number; output: number };
}

/** What src/witness/reconcile.ts found. */
export interface Reconciliation {
  /** differences between the trees that no recorded attempt explains */
  unexplained: { path: string; change: TreeChange['change'] }[];
  /** what the watcher saw and no recorded attempt explains */
  watched_unexplained: { path: string; change: string }[];
}

/** One entry of the bundle that is no folder. */
export interface FileFacts {
  kind: InventoryKind;
  /** null where there is nothing to read: FIFO, socket, device, a file nobody may read */
  digest: Digest | null;
  size: number;
  /** as the harness saw them before its verdict: copying a bundle changes both; null where nobody wrote them down */
  mtime_ms: number | null;
  ctime_ms: number | null;
}

/** Documents of the run that the tests on the untouched fixture come from, as they stand in its bundle. */
export interface TestsSourceDocuments {
  digests: Loaded<Digests>;
  run: Loaded<RunDocument>;
  contract: Loaded<Contract>;
  cage: Loaded<CageDocument>;
}

/** Everything a proof may look at. */
export interface Evidence {
  cage: Loaded<CageDocument>;
  contract: Loaded<Contract>;
  events: Loaded<NormalizedEvent[]>;
  trees: Loaded<Trees>;
  forbidden: Loaded<ForbiddenDocument>;
  writes: Loaded<WritesSummary>;
  processes: Loaded<ProcessesSummary>;
  watch: Loaded<WatchSummary>;
  reconciliation: Loaded<Reconciliation>;
  /** null where an earlier version made the bundle */
  bill: Loaded<Sbom> | null;
  /** null where the contract names no provider */
  provider: Loaded<ProviderSummary> | null;
  /** null where the run made those tests itself */
  testsSource: TestsSourceDocuments | null;
  /** every entry under run_artifact_dir but folders and what is made of the verdict, by its path relative to it */
  files: Map<string, FileFacts>;
  run: RunDocument;
}

/** Documents that stand in the bundle, and the file each comes from. */
export const DOCUMENT_FILES = {
  cage: 'cage.json',
  contract: 'contract.json',
  events: 'events.normalized.jsonl',
  trees: 'trees.json',
  forbidden: 'forbidden.json',
  writes: 'writes.jsonl',
  processes: 'processes.jsonl',
  watch: 'watch.jsonl',
} as const;

/** There only where the contract names a provider. */
export const PROVIDER_FILE = 'provider.jsonl';

/** There wherever the run document says of how many things the image is made. */
export const SBOM_FILE = 'sbom.cdx.json';

/** Folder with documents of another run, there only where that one made the tests on the untouched fixture. */
export const TESTS_SOURCE_DIR = 'tests-before';

/** What the harness itself knew: the one document without which nothing can be judged. */
export const RUN_FILE = 'run.json';

/** Files that must be there before a verdict is made. */
export const REQUIRED_FILES = [
  RUN_FILE,
  'cage.json',
  'contract.json',
  'events.normalized.jsonl',
  'forbidden.json',
  'trees.json',
  'writes.jsonl',
  'processes.jsonl',
  'watch.jsonl',
  'patch.diff',
  'test.log',
  'backend/stdout.log',
  'backend/stderr.log',
] as const;
