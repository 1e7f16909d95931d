/** `report.json`: the verdict of one run and what it rests on. */
import { z } from 'zod';
import { Versions } from './cage.ts';
import { BlockerCode, Digest, EngineName, ForbiddenKind, Instant, Nonce, RunId } from './common.ts';
import { TreeChange } from './tree.ts';

/** Every claim a report can make. One file under src/proofs/ each. */
export const ProofId = z.enum([
  'cage_mounts',
  'cage_privileges',
  'recorder_coverage',
  'allowed_writes',
  'witnesses_agree',
  'no_target_inspection',
  'no_target_mutation',
  'freshness',
  'events',
  'artifacts',
  'limits',
  'changes_allowed',
  'tests',
]);
export type ProofId = z.infer<typeof ProofId>;
/** All of them, in the order in which a report lists them. */
export const PROOF_IDS = ProofId.options;

/** Where a verdict comes from: a file of the bundle, a place in it, and the file's digest. */
export const Pointer = z.strictObject({
  file: z.string().describe('relative to run_artifact_dir'),
  at: z.string().optional().describe('a JSON pointer, or "line N" of a JSON-lines file'),
  digest: Digest.nullable().describe('of the file; null where the file is missing'),
  note: z.string().optional(),
});
export type Pointer = z.infer<typeof Pointer>;

export const Blocker = z.strictObject({
  code: BlockerCode,
  message: z.string(),
  requirement: z.string().nullable().describe('requirement id such as "R5", or null'),
});
export type Blocker = z.infer<typeof Blocker>;

export const ProofResult = z.strictObject({
  id: ProofId,
  status: z.enum(['passed', 'failed', 'not_applicable']),
  claim: z.string(),
  detail: z.string().describe('why it holds, fails or does not apply, in one sentence'),
  requirements: z.array(z.string()),
  evidence: z.array(Pointer),
});
export type ProofResult = z.infer<typeof ProofResult>;

/** State of one forbidden root before and after the run. */
export const ForbiddenRoot = z.strictObject({
  kind: ForbiddenKind,
  path: z.string().describe('as the user gave it'),
  resolved: z.string(),
  mode: z.enum(['metadata', 'content']),
  entries: z.int(),
  before: Digest,
  after: Digest.nullable(),
  first_differences: z.array(z.string()),
});
export type ForbiddenRoot = z.infer<typeof ForbiddenRoot>;

/** One place in which a forbidden path was found. */
export const Exposure = z.strictObject({
  kind: ForbiddenKind,
  where: z.string().describe('contract, argv, environment, inputs, config, image_config, binds, workspace'),
  encoding: z.string().describe('plain, resolved, relative, url, base64, json'),
  at: z.string(),
});
export type Exposure = z.infer<typeof Exposure>;

/** `forbidden.json`: what was guarded and what was found. */
export const ForbiddenDocument = z.strictObject({
  schema: z.literal('proofbox.forbidden/v1'),
  nonce: Nonce,
  roots: z.array(ForbiddenRoot),
  searched: z.array(z.string()).describe('every place that was searched'),
  exposures: z.array(Exposure),
  overlaps: z.array(z.strictObject({ kind: ForbiddenKind, bind: z.string() })),
});
export type ForbiddenDocument = z.infer<typeof ForbiddenDocument>;

export const TestRun = z.strictObject({
  exit_code: z.int().nullable(),
  signal: z.int().nullable(),
  passed: z.boolean(),
  stopped: z.string().nullable(),
  duration_ms: z.number(),
});
export type TestRun = z.infer<typeof TestRun>;

export const ChangedFile = TreeChange.extend({
  allowed: z.boolean().describe('matches allowed_files'),
});
export type ChangedFile = z.infer<typeof ChangedFile>;

const Count = z.strictObject({ allowed: z.int(), denied: z.int() });

export const Report = z.strictObject({
  schema: z.literal('proofbox.report/v1'),
  nonce: Nonce,
  run_id: RunId,
  status: z.enum(['passed', 'failed', 'blocked', 'interrupted']),
  stage: z.enum(['default', 'stage2']),
  backend: EngineName,
  source_admission_status: z.enum(['not_applicable', 'not_admitted']),
  case_process_started: z.boolean(),
  allowed_writes_passed: z.boolean(),
  gates: z.record(z.string(), z.string().nullable()),
  fixture: z.strictObject({ id: z.string(), title: z.string(), digest: Digest }),
  contract_digest: Digest,
  image: z.strictObject({ reference: z.string(), digest: Digest }),
  cage: z.strictObject({
    container_id: z.string().nullable(),
    user: z.string(),
    network: z.string(),
    binds: z.array(z.string()).describe('target paths'),
    capabilities: z.string(),
    no_new_privileges: z.boolean(),
    read_only_root: z.boolean(),
    seccomp: z.string(),
    versions: Versions,
  }),
  recorder: z.strictObject({
    coverage: z.enum(['complete', 'incomplete']),
    received: z.int(),
    answered: z.int(),
    refused: z.int(),
    unreadable: z.int(),
    records: z.int(),
    programs: z.int(),
  }),
  writes: z.strictObject({
    workspace: Count,
    artifacts: Count,
    device: Count,
    kernel: Count,
    none: Count,
    denied_paths: z
      .array(z.strictObject({ path: z.string(), attempts: z.int() }))
      .describe('most frequent first, at most 50'),
  }),
  changed_files: z.array(ChangedFile),
  engine_state: z.strictObject({ patterns: z.array(z.string()), changed: z.int() }),
  proofs: z.array(ProofResult),
  blockers: z.array(Blocker),
  host_problem: z
    .string()
    .nullable()
    .describe('why this host could not make the engine a working cage; null where it could'),
  baseline: z.unknown().nullable(),
  verification: z
    .strictObject({ command: z.array(z.string()), before: TestRun.nullable(), after: TestRun.nullable() })
    .nullable(),
  usage: z.strictObject({
    wall_ms: z.number(),
    engine_wall_ms: z.number().nullable(),
    user_ms: z.number().nullable(),
    sys_ms: z.number().nullable(),
    peak_memory_bytes: z.int().nullable(),
    stdout_bytes: z.int(),
    stderr_bytes: z.int(),
    workspace_bytes: z.int(),
  }),
  artifact_digests: z.record(z.string(), Digest),
  freshness_proof: z.strictObject({
    nonce: Nonce,
    started_at: Instant,
    finished_at: Instant,
    wall_ms: z.number().describe('by the monotonic clock'),
    container_id: z.string().nullable(),
    container_created_at: z.string().nullable(),
    container_finished_at: z.string().nullable(),
    image_digest: Digest,
    artifact_dir_was_empty: z.boolean(),
  }),
});
export type Report = z.infer<typeof Report>;

/** `digests.json`: sha256 of every file of the bundle but itself. */
export const Digests = z.strictObject({
  schema: z.literal('proofbox.digests/v1'),
  nonce: Nonce,
  files: z.record(
    z.string(),
    z.strictObject({
      kind: z.enum(['file', 'link', 'fifo', 'socket', 'device', 'unreadable']),
      digest: Digest.nullable().describe(
        "of a file's content or a link's target text; null where there is none to read",
      ),
      size: z.int(),
    }),
  ),
});
export type Digests = z.infer<typeof Digests>;
