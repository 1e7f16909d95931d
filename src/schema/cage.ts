/** `cage.json`: what was asked for, what the container engine says it made, and what PID 1 saw from inside. */
import { z } from 'zod';
import { Digest, Instant, Nonce } from './common.ts';
import { End, Hello } from './recorder.ts';

export const Versions = z.looseObject({
  engine: z.string(),
  api: z.string(),
  containerd: z.string().nullable(),
  runc: z.string().nullable(),
  kernel: z.string(),
  architecture: z.string(),
});
export type Versions = z.infer<typeof Versions>;

/** How a cage's life ended. `reason` is the harness's, for a cage that it stopped. */
export const CageExit = z.strictObject({
  ended_by: z.enum(['engine_exit', 'stopped', 'lost']),
  stop_reason: z
    .enum(['timeout', 'output_limit', 'workspace_limit', 'interrupted', 'cage_mismatch', 'failure'])
    .nullable(),
  exit_code: z
    .int()
    .nullable()
    .describe("of the engine's main process; null where it was killed by a signal or never started"),
  signal: z.int().nullable(),
  container_exit_code: z.int().nullable(),
  oom_killed: z.boolean(),
  oom_kills: z
    .int()
    .nullable()
    .describe('processes the kernel killed for memory in this cage; null where the host cannot tell'),
});
export type CageExit = z.infer<typeof CageExit>;

/** One container's whole life. */
export const CageRecord = z.strictObject({
  role: z.enum(['engine', 'tests_before', 'tests_after']),
  container_id: z.string(),
  image: z.strictObject({ reference: z.string(), digest: Digest }),
  requested: z.record(z.string(), z.unknown()).describe('the body of the create request, whole'),
  inspect_created: z.unknown().describe('docker inspect before the start'),
  inspect_exited: z.unknown().describe('docker inspect after the end'),
  image_config: z.unknown().describe('Config of docker image inspect'),
  seen: Hello.nullable().describe('what PID 1 saw; null if it never said'),
  end: End.nullable().describe("the recorder's last frame; null if it never came"),
  exit: CageExit,
  created_at: Instant,
  started_at: Instant.nullable(),
  finished_at: Instant.nullable(),
  removed: z.boolean(),
  stream: z.strictObject({
    complete: z.boolean().describe('the stream ended after the last frame, in order and unbroken'),
    problem: z.string().nullable(),
    records: z.int().describe('write records received'),
    programs: z.int(),
    stdout_bytes: z.int(),
    stderr_bytes: z.int(),
    recorder_stderr: z.string().describe('what PID 1 itself said, bounded'),
  }),
});
export type CageRecord = z.infer<typeof CageRecord>;

export const CageDocument = z.strictObject({
  schema: z.literal('proofbox.cage/v1'),
  nonce: Nonce,
  versions: Versions,
  engine: CageRecord.nullable().describe('null where the container could not be made'),
  problem: z.string().nullable().describe('why a container could not be made or was lost'),
  verification: z.strictObject({ before: CageRecord.nullable(), after: CageRecord.nullable() }),
});
export type CageDocument = z.infer<typeof CageDocument>;
