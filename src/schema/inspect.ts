/**
 * The part of `docker inspect` and of a create request that the proofs judge. Loose: an engine may say more,
 * never less. Not a document of ours: both stand inside `cage.json`.
 */
import * as z from './zod.ts';

const Ulimit = z.looseObject({ Name: z.string(), Soft: z.int(), Hard: z.int() });
const List = z.array(z.unknown()).nullish();

/** What confines a container, as asked for and as answered. */
export const HostConfig = z.looseObject({
  Binds: z.array(z.string()),
  ReadonlyRootfs: z.boolean(),
  NetworkMode: z.string(),
  IpcMode: z.string(),
  PidMode: z.string(),
  UTSMode: z.string(),
  UsernsMode: z.string(),
  CgroupnsMode: z.string(),
  Privileged: z.boolean(),
  CapAdd: z.array(z.string()).nullable(),
  CapDrop: z.array(z.string()),
  SecurityOpt: z.array(z.string()),
  MaskedPaths: z.array(z.string()),
  ReadonlyPaths: z.array(z.string()),
  Devices: List,
  DeviceRequests: List,
  DeviceCgroupRules: List,
  GroupAdd: List,
  VolumesFrom: List,
  Mounts: List,
  Links: List,
  ExtraHosts: List,
  Tmpfs: z.record(z.string(), z.unknown()).nullish(),
  PortBindings: z.record(z.string(), z.unknown()).nullish(),
  Sysctls: z.record(z.string(), z.unknown()).nullish(),
  Memory: z.int(),
  MemorySwap: z.int(),
  NanoCpus: z.int(),
  PidsLimit: z.int(),
  OomKillDisable: z.boolean().nullable(),
  Ulimits: z.array(Ulimit),
  LogConfig: z.looseObject({ Type: z.string() }),
  RestartPolicy: z.looseObject({ Name: z.string() }),
  AutoRemove: z.boolean(),
  PublishAllPorts: z.boolean(),
});
export type HostConfig = z.infer<typeof HostConfig>;

/** The body of a create request. */
export const CreateRequest = z.looseObject({
  Image: z.string(),
  Entrypoint: z.array(z.string()),
  Cmd: z.array(z.string()),
  Env: z.array(z.string()),
  User: z.string(),
  WorkingDir: z.string(),
  Hostname: z.string(),
  Tty: z.boolean(),
  Volumes: z.record(z.string(), z.unknown()).nullish(),
  HostConfig,
});
export type CreateRequest = z.infer<typeof CreateRequest>;

/** What the container engine says about a container. */
export const Inspect = z.looseObject({
  Id: z.string(),
  Created: z.string(),
  Image: z.string(),
  State: z.looseObject({
    Running: z.boolean(),
    ExitCode: z.int(),
    OOMKilled: z.boolean(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
  }),
  Mounts: z.array(
    z.looseObject({
      Type: z.string(),
      Source: z.string(),
      Destination: z.string(),
      RW: z.boolean(),
      Propagation: z.string(),
    }),
  ),
  Config: z.looseObject({
    Image: z.string(),
    Entrypoint: z.array(z.string()).nullable(),
    Cmd: z.array(z.string()).nullable(),
    Env: z.array(z.string()).nullable(),
    User: z.string(),
    WorkingDir: z.string(),
    Tty: z.boolean(),
    Volumes: z.record(z.string(), z.unknown()).nullish(),
  }),
  HostConfig,
  NetworkSettings: z.looseObject({ Networks: z.record(z.string(), z.unknown()) }),
});
export type Inspect = z.infer<typeof Inspect>;

/** The part of an image's configuration that reaches a container's environment. */
export const ImageConfig = z.looseObject({ Env: z.array(z.string()).nullish() });
