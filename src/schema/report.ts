/** `report.json`: the verdict of one run and what it rests on. */

import { Baseline } from './baseline.ts';
import { Confinement, Versions } from './cage.ts';
import { BlockerCode, Digest, EngineName, ForbiddenKind, Instant, Nonce, RunId } from './common.ts';
import { ProviderMode } from './provider.ts';
import { Candidate, Tools } from './run.ts';
import { TreeChange } from './tree.ts';
import * as z from './zod.ts';

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
export const Pointer = z
  .strictObject({
    file: z.string().describe('relative to run_artifact_dir'),
    at: z.string().optional().describe('a JSON pointer, or "line N" of a JSON-lines file'),
    digest: Digest.nullable().describe('of the file; null where the file is missing'),
    note: z.string().optional().describe('what to look for there'),
  })
  .meta({ id: 'Pointer' });
export type Pointer = z.infer<typeof Pointer>;

export const Blocker = z
  .strictObject({
    code: BlockerCode.describe('machine-readable reason'),
    message: z.string().describe('the reason in one sentence'),
    requirement: z.string().nullable().describe('requirement id such as "R5", or null'),
  })
  .meta({ id: 'Blocker' });
export type Blocker = z.infer<typeof Blocker>;

/** Codes without doubles, in the order of the blockers. */
export function blockerCodes(blockers: readonly Blocker[]): BlockerCode[] {
  return [...new Set(blockers.map(({ code }) => code))];
}

export const ProofResult = z
  .strictObject({
    id: ProofId.describe('which claim'),
    status: z
      .enum(['passed', 'failed', 'not_applicable'])
      .describe('`not_applicable` is not a pass: the detail says why'),
    claim: z.string().describe('what is claimed, in one sentence'),
    detail: z.string().describe('why it holds, fails or does not apply, in one sentence'),
    requirements: z.array(z.string()).describe('ids of the requirements that rest on it'),
    evidence: z.array(Pointer).describe('what the verdict rests on'),
  })
  .meta({ id: 'ProofResult' });
export type ProofResult = z.infer<typeof ProofResult>;

/** State of one forbidden root before and after the run. */
export const ForbiddenRoot = z
  .strictObject({
    kind: ForbiddenKind.describe('kind of forbidden root'),
    path: z.string().describe('as the user gave it'),
    resolved: z.string().describe('absolute, every link followed'),
    mode: z
      .enum(['metadata', 'content'])
      .describe('`metadata`: kind, mode, size, inode and times; `content`: kind, mode, size and digest'),
    entries: z.int().describe('how many entries were digested, the root itself included'),
    before: Digest.describe('over all entries, before anything started'),
    after: Digest.nullable().describe(
      'the same after the container was gone; null where the root could not be read any more',
    ),
    first_differences: z.array(z.string()).describe('paths that differ, at most 20'),
  })
  .meta({ id: 'ForbiddenRoot' });
export type ForbiddenRoot = z.infer<typeof ForbiddenRoot>;

/** One place in which a forbidden path was found. */
export const Exposure = z
  .strictObject({
    kind: ForbiddenKind.describe('kind of the root whose path was found'),
    where: z.string().describe('contract, argv, environment, inputs, config, image_config, binds, workspace'),
    encoding: z.string().describe('plain, resolved, relative, url, base64, json'),
    at: z.string().describe('place in the text, or name of the file'),
  })
  .meta({ id: 'Exposure' });
export type Exposure = z.infer<typeof Exposure>;

/** `forbidden.json`: what was guarded and what was found. */
export const ForbiddenDocument = z.strictObject({
  schema: z.literal('proofbox.forbidden/v1'),
  nonce: Nonce.describe('made by the harness for this run; the same in every document'),
  roots: z.array(ForbiddenRoot).describe('one for each guarded root'),
  searched: z.array(z.string()).describe('every place that was searched'),
  exposures: z.array(Exposure).describe('every place in which a path of a root was found'),
  overlaps: z
    .array(
      z.strictObject({
        kind: ForbiddenKind.describe('kind of the root'),
        bind: z.string().describe('host folder of the bind'),
      }),
    )
    .describe('binds that hold or lie in a root'),
});
export type ForbiddenDocument = z.infer<typeof ForbiddenDocument>;

export const TestRun = z
  .strictObject({
    exit_code: z.int().nullable().describe('of the test command; null where a signal ended it'),
    signal: z.int().nullable().describe('number of the signal that ended it'),
    passed: z.boolean().describe('exit code 0, not stopped, recorder complete'),
    stopped: z.string().nullable().describe('the limit that ended it, or null'),
    duration_ms: z.number().describe("wall clock of the cage's program"),
  })
  .meta({ id: 'TestRun' });
export type TestRun = z.infer<typeof TestRun>;

export const ChangedFile = TreeChange.extend({
  allowed: z.boolean().describe('matches allowed_files'),
}).meta({ id: 'ChangedFile' });
export type ChangedFile = z.infer<typeof ChangedFile>;

/** What an engine says, beside what was seen. Nothing rests on it. */
export const EngineClaims = z
  .strictObject({
    outcome: z.string().nullable().describe('how it says it ended'),
    tests_passed: z.boolean().nullable().describe('null where it does not say'),
    files_changed: z.array(z.string()).describe('that it says it changed, at most 200'),
    commit: z.string().nullable().describe('that it says it made'),
    contradictions: z.array(z.string()).describe('where what was seen says otherwise'),
  })
  .meta({ id: 'EngineClaims' });
export type EngineClaims = z.infer<typeof EngineClaims>;

export const ProviderUse = z
  .strictObject({
    mode: ProviderMode.describe('how the provider was reached'),
    endpoint: z.string().nullable().describe('its address; null where there is none outside'),
    requests: z.int().describe('lines of provider.jsonl'),
    failures: z.int().describe('of them, not answered as they must be'),
    tokens: z
      .strictObject({
        input: z.int().describe('as the provider counts'),
        output: z.int().describe('as the provider counts'),
      })
      .describe('sums of what the answers state'),
  })
  .meta({ id: 'ProviderUse' });

const Count = z
  .strictObject({
    allowed: z.int().describe('attempts that the kernel was left to carry out'),
    denied: z.int().describe('attempts that were refused'),
  })
  .meta({ id: 'Count' });

export const Report = z.strictObject({
  schema: z.literal('proofbox.report/v1'),
  nonce: Nonce.describe('made by the harness for this run; the same in every document'),
  run_id: RunId.describe('names the run and its folder'),
  status: z
    .enum(['passed', 'failed', 'blocked', 'interrupted'])
    .describe('`passed` only where every proof holds or does not apply'),
  stage: z.enum(['default', 'stage2']).describe('which route the run took'),
  backend: EngineName.describe('the engine'),
  source_admission_status: z
    .enum(['not_applicable', 'not_admitted'])
    .describe("whether the engine's source is admitted; no run admits it"),
  case_process_started: z.boolean().describe('whether a program of the engine `case` was started'),
  allowed_writes_passed: z.boolean().describe('verdict of the proof `allowed_writes`'),
  gates: z
    .record(z.string(), z.string().nullable())
    .describe('environment variables that open the route, as they were'),
  fixture: z.strictObject({
    id: z.string().describe('name of the fixture'),
    title: z.string().describe('its title'),
    digest: Digest.describe('of its workspace tree'),
  }),
  contract_digest: Digest.describe('of contract.json'),
  image: z.strictObject({
    reference: z.string().describe("name and tag; the tag is a digest of the image's inputs"),
    digest: Digest.describe('id of the image'),
    components: z.int().optional().describe('how many things sbom.cdx.json says it is made of'),
  }),
  cage: z.strictObject({
    container_id: z.string().nullable().describe("of the engine's container; null where none could be made"),
    user: z.string().describe('uid:gid as PID 1 saw it'),
    network: z.string().describe('network mode as the container engine says'),
    binds: z.array(z.string()).describe('target paths'),
    capabilities: z.string().describe('bounding set as PID 1 saw it, hex'),
    no_new_privileges: z.boolean().describe('asked for, and seen by PID 1'),
    read_only_root: z.boolean().describe('as the container engine says'),
    seccomp: z.string().describe('`filter` where PID 1 saw a filter in effect'),
    confinement: Confinement.optional().describe(
      'what stands around the cage beside it; earlier versions did not look',
    ),
    versions: Versions.describe('what is below the cage'),
  }),
  recorder: z.strictObject({
    coverage: z
      .enum(['complete', 'incomplete'])
      .describe('`complete` where no stopped call went unanswered or unrecorded'),
    degraded: z
      .literal(true)
      .optional()
      .describe(
        'there where the runtime has no place for the recorder and the user let the engine start without it',
      ),
    received: z.int().describe('system calls that the kernel stopped'),
    answered: z.int().describe('stopped calls that got a verdict'),
    refused: z.int().describe('of them, refused'),
    unreadable: z.int().describe('of the refused, those whose caller could not be read'),
    records: z.int().describe('lines of writes.jsonl received'),
    programs: z.int().describe('lines of processes.jsonl received'),
  }),
  writes: z.strictObject({
    workspace: Count.describe('inside `/workspace`'),
    artifacts: Count.describe('inside `/artifacts`'),
    device: Count.describe('to devices, pipes and sockets, which hold no file'),
    kernel: Count.describe("to the caller's own files under /proc"),
    none: Count.describe('anywhere else'),
    denied_paths: z
      .array(
        z.strictObject({
          path: z.string().describe('as the call named it, resolved'),
          attempts: z.int().describe('how often'),
        }),
      )
      .describe('most frequent first, at most 50'),
  }),
  changed_files: z
    .array(ChangedFile)
    .describe('what differs between the trees before and after, engine state left out'),
  engine_state: z.strictObject({
    patterns: z.array(z.string()).describe("folders that are the engine's own notes"),
    changed: z.int().describe('how many entries changed in them'),
  }),
  proofs: z.array(ProofResult).describe('all of them, always in the same order'),
  blockers: z.array(Blocker).describe('why the run is not a pass; empty where it is'),
  host_problem: z
    .string()
    .nullable()
    .describe('why this host could not make the engine a working cage; null where it could'),
  baseline: Baseline.nullable().describe('the same-run fake lane of a `case` run, and what differs'),
  candidate: Candidate.optional().describe('what the engine `case` is made of; left out for every other'),
  tools: Tools.optional().describe('npm packages in the image; left out where there are none'),
  engine_claims: EngineClaims.optional().describe(
    'what the engine `case` says it did; left out for every other',
  ),
  provider: ProviderUse.optional().describe('traffic to a model; left out where there was no provider'),
  verification: z
    .strictObject({
      command: z.array(z.string()).describe('the test command'),
      before: TestRun.nullable().describe('its run on the fixture as it was'),
      before_run: RunId.optional().describe(
        'the earlier run that made `before`; left out where this one did',
      ),
      after: TestRun.nullable().describe('its run on what the engine left'),
    })
    .nullable(),
  usage: z.strictObject({
    wall_ms: z.number().describe('whole run, monotonic'),
    engine_wall_ms: z.number().nullable().describe("engine's main process"),
    user_ms: z.number().nullable().describe('processor time in the cage'),
    sys_ms: z.number().nullable().describe('processor time in the kernel'),
    peak_memory_bytes: z.int().nullable().describe('largest resident size of one process'),
    stdout_bytes: z.int().describe('printed by the engine'),
    stderr_bytes: z.int().describe('printed by the engine'),
    workspace_bytes: z.int().describe('size of the files after the run'),
  }),
  artifact_digests: z
    .record(z.string(), Digest)
    .describe(
      'of the files of the bundle by path; report.json, report.md, trace.jsonl and digests.json are made later and stand in digests.json only',
    ),
  freshness_proof: z.strictObject({
    nonce: Nonce.describe('made by the harness for this run; the same in every document'),
    started_at: Instant.describe('when the run began'),
    finished_at: Instant.describe('when the last file that is judged was written'),
    wall_ms: z.number().describe('by the monotonic clock'),
    container_id: z.string().nullable().describe("of the engine's container"),
    container_created_at: z.string().nullable().describe("by the harness's clock"),
    container_finished_at: z.string().nullable().describe("by the harness's clock"),
    image_digest: Digest.describe('id of the image the container was made from'),
    artifact_dir_was_empty: z
      .boolean()
      .describe("nothing but the harness's own empty folders stood there before the start"),
  }),
});
export type Report = z.infer<typeof Report>;

/** What a file of the bundle can be. */
export const InventoryKind = z.enum(['file', 'link', 'fifo', 'socket', 'device', 'unreadable']);
export type InventoryKind = z.infer<typeof InventoryKind>;

/** `digests.json`: sha256 of every file of the bundle but itself. */
export const Digests = z.strictObject({
  schema: z.literal('proofbox.digests/v1'),
  nonce: Nonce.describe('made by the harness for this run; the same in every document'),
  files: z.record(
    z.string(),
    z.strictObject({
      kind: InventoryKind.describe('what stands there'),
      digest: Digest.nullable().describe(
        "of a file's content or a link's target text; null where there is none to read",
      ),
      size: z.int().describe('bytes'),
    }),
  ),
});
export type Digests = z.infer<typeof Digests>;
