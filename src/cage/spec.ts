/**
 * The cage's set-up as data: the one create request that every container of this project is made from.
 * Nothing here talks to Docker, and no other file may describe a container.
 */
import type { ContainerCreateOptions, HostConfig } from 'dockerode';
import type { Limits } from '../schema/fixture.ts';

/** Where the recorder lies in every image. */
export const RECORDER = '/usr/local/bin/proofbox-recorder';

/** Kernel files that Docker hides by default, and the message queues that stay writable with IPC `none`. */
export const MASKED_PATHS = [
  '/dev/mqueue',
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** Kernel files that stay visible but cannot be written. */
export const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What differs from one cage to the next. */
export interface CageRequest {
  role: 'engine' | 'tests_before' | 'tests_after';
  runId: string;
  nonce: string;
  image: { reference: string; digest: string };
  /** absolute host folder that becomes /workspace */
  workspaceDir: string;
  /** absolute host folder that becomes /artifacts */
  artifactsDir: string;
  user: { uid: number; gid: number };
  argv: string[];
  /** the whole environment: nothing of the host's is added */
  env: Record<string, string>;
  limits: Limits;
  record: 'writes' | 'reads';
  /** a Docker runtime other than the default, by name */
  runtime?: string;
  /** start the program although nothing can be recorded, where the runtime's kernel has no user notification */
  allowDegraded: boolean;
  labels: Record<string, string>;
}

/** The create request's body; the published types lack `CgroupnsMode`. */
export type CageBody = ContainerCreateOptions & { HostConfig: HostConfig & { CgroupnsMode: 'private' } };

/** The body of the create request. Pure: equal requests give equal bodies. */
export function cageSpec(request: CageRequest): CageBody {
  const { uid, gid } = request.user;
  const { limits } = request;
  return {
    Image: request.image.digest,
    Entrypoint: [RECORDER],
    Cmd: [
      '--nonce',
      request.nonce,
      '--record',
      request.record,
      '--root',
      'workspace=/workspace',
      '--root',
      'artifacts=/artifacts',
      '--cwd',
      '/workspace',
      ...(request.allowDegraded ? ['--allow-degraded'] : []),
      '--',
      ...request.argv,
    ],
    Env: Object.entries(request.env).map(([key, value]) => `${key}=${value}`),
    User: `${uid}:${gid}`,
    WorkingDir: '/workspace',
    Hostname: 'cage',
    // No network to set up either: dockerd would start itself twice for each container. See docs/decisions, 14.
    NetworkDisabled: true,
    Domainname: '',
    Labels: request.labels,
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      Binds: [
        `${request.workspaceDir}:/workspace:rw,rprivate`,
        `${request.artifactsDir}:/artifacts:rw,rprivate`,
      ],
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      IpcMode: 'none',
      PidMode: '',
      UTSMode: '',
      UsernsMode: '',
      CgroupnsMode: 'private',
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: [],
      SecurityOpt: ['no-new-privileges:true'],
      MaskedPaths: MASKED_PATHS,
      ReadonlyPaths: READONLY_PATHS,
      Devices: [],
      GroupAdd: [],
      Memory: limits.memory_bytes,
      MemorySwap: limits.memory_bytes,
      NanoCpus: Math.round(limits.cpus * 1e9),
      PidsLimit: limits.pids,
      OomKillDisable: false,
      Ulimits: [
        { Name: 'nofile', Soft: limits.nofile, Hard: limits.nofile },
        { Name: 'fsize', Soft: limits.workspace_bytes, Hard: limits.workspace_bytes },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      Init: false,
      PublishAllPorts: false,
      ...(request.runtime === undefined ? {} : { Runtime: request.runtime }),
    },
  };
}
