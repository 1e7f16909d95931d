/** `cage.json`: what was asked for, what the container engine says it made, and what PID 1 saw from inside. */

import { Digest, Instant, Nonce } from './common.ts';
import { End, Hello } from './recorder.ts';
import * as z from './zod.ts';

export const Versions = z
  .looseObject({
    engine: z.string().describe('Docker engine'),
    api: z.string().describe('its API'),
    podman: z.string().optional().describe('of Podman, where that is the engine'),
    containerd: z.string().nullable().describe('null where the engine does not say'),
    runc: z.string().nullable().describe('null where the engine does not say'),
    kernel: z.string().describe('of the host that runs the containers'),
    architecture: z.string().describe('of that host'),
    security: z
      .array(z.string())
      .optional()
      .describe(
        'what the engine says of its confinement, such as `name=seccomp,profile=default` and `name=rootless`',
      ),
  })
  .meta({ id: 'Versions' });
export type Versions = z.infer<typeof Versions>;

/** What stands around a cage beside the container. */
export const Confinement = z
  .strictObject({
    user_namespace: z
      .enum(['shared', 'remapped'])
      .describe("`shared`: user numbers are the host's own, as PID 1 saw it"),
    rootless: z.boolean().describe('the container engine itself runs as an ordinary user'),
    security_label: z
      .string()
      .nullable()
      .describe('label that AppArmor or SELinux gave PID 1; null where there is none'),
    runtime: z.string().describe('OCI runtime, by its name in the container engine'),
  })
  .meta({ id: 'Confinement' });

/** How a cage's life ended. `reason` is the harness's, for a cage that it stopped. */
export const CageExit = z
  .strictObject({
    ended_by: z
      .enum(['engine_exit', 'stopped', 'lost'])
      .describe('`lost`: the recorder never gave its last account'),
    stop_reason: z
      .enum(['timeout', 'output_limit', 'workspace_limit', 'interrupted', 'cage_mismatch', 'failure'])
      .nullable(),
    exit_code: z
      .int()
      .nullable()
      .describe("of the engine's main process; null where it was killed by a signal or never started"),
    signal: z.int().nullable().describe("that ended the engine's main process"),
    container_exit_code: z.int().nullable().describe('exit code of PID 1, the recorder'),
    oom_killed: z.boolean().describe('as the container engine says'),
    oom_kills: z
      .int()
      .nullable()
      .describe('processes the kernel killed for memory in this cage; null where the host cannot tell'),
  })
  .meta({ id: 'CageExit' });
export type CageExit = z.infer<typeof CageExit>;

/** One container's whole life. */
export const CageRecord = z
  .strictObject({
    role: z.enum(['engine', 'tests_before', 'tests_after']).describe('what ran in it'),
    container_id: z.string().describe('as the container engine named it'),
    image: z.strictObject({
      reference: z.string().describe('name and tag'),
      digest: Digest.describe('id of the image'),
    }),
    requested: z.record(z.string(), z.unknown()).describe('the body of the create request, whole'),
    inspect_created: z.unknown().describe('docker inspect before the start'),
    inspect_exited: z.unknown().describe('docker inspect after the end'),
    image_config: z.unknown().describe('Config of docker image inspect'),
    seen: Hello.nullable().describe('what PID 1 saw; null if it never said'),
    end: End.nullable().describe("the recorder's last frame; null if it never came"),
    exit: CageExit.describe('how its life ended'),
    created_at: Instant.describe('just before the create request'),
    started_at: Instant.nullable().describe('just after the start; null where it never started'),
    begun_at: Instant.nullable()
      .optional()
      .describe(
        'when PID 1 was told to start the program; null where it never was, absent in bundles of versions that told it at once',
      ),
    finished_at: Instant.nullable().describe('when its stream had ended'),
    removed: z.boolean().describe('whether the container was removed'),
    stream: z.strictObject({
      complete: z.boolean().describe('the stream ended after the last frame, in order and unbroken'),
      problem: z.string().nullable().describe('what broke, or null'),
      records: z.int().describe('write records received'),
      programs: z.int().describe('program records received'),
      stdout_bytes: z.int().describe('of the engine, received'),
      stderr_bytes: z.int().describe('of the engine, received'),
      recorder_stderr: z.string().describe('what PID 1 itself said, bounded'),
    }),
  })
  .meta({ id: 'CageRecord' });
export type CageRecord = z.infer<typeof CageRecord>;

export const CageDocument = z.strictObject({
  schema: z.literal('proofbox.cage/v1'),
  nonce: Nonce.describe('made by the harness for this run'),
  versions: Versions.describe('what is below the cages'),
  engine: CageRecord.nullable().describe('null where the container could not be made'),
  problem: z.string().nullable().describe('why a container could not be made or was lost'),
  verification: z.strictObject({
    before: CageRecord.nullable().describe('the tests on the fixture as it was'),
    after: CageRecord.nullable().describe('the tests on what the engine left'),
  }),
});
export type CageDocument = z.infer<typeof CageDocument>;
