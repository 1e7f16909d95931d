/** What PID 1 of the cage sends: its first frame, its records and its last frame. See images/recorder/README.md. */
import { z } from 'zod';
import { Nonce } from './common.ts';

export const WriteRoot = z.enum(['workspace', 'artifacts', 'device', 'kernel', 'none']);
export type WriteRoot = z.infer<typeof WriteRoot>;
export const Verdict = z.enum(['allowed', 'denied']);

/**
 * One line of `writes.jsonl`. Paths are bytes: what is not UTF-8 stands as lone surrogates
 * U+DC80..U+DCFF (PEP 383), so that the string is lossless.
 */
export const WriteRecord = z.looseObject({
  seq: z.int().min(1),
  t_ms: z.number().min(0),
  pid: z.int(),
  ppid: z.int(),
  exe: z.string(),
  syscall: z.string(),
  access: z.enum(['write', 'create', 'delete', 'rename', 'link', 'metadata', 'read']),
  path: z.string(),
  resolved: z.string(),
  path2: z.string().optional(),
  resolved2: z.string().optional(),
  root: WriteRoot,
  verdict: Verdict,
  errno: z.string().optional(),
  reason: z.string().optional(),
  nonce: Nonce.optional().describe('on the first line only'),
});
export type WriteRecord = z.infer<typeof WriteRecord>;

/** One line of `processes.jsonl`: a program that was started. */
export const ProcessRecord = z.looseObject({
  seq: z.int().min(1),
  t_ms: z.number().min(0),
  pid: z.int(),
  ppid: z.int(),
  exe: z.string(),
  syscall: z.string(),
  path: z.string(),
  resolved: z.string(),
  argv: z.array(z.string()),
  argv_truncated: z.boolean(),
  verdict: Verdict,
  errno: z.string().optional(),
  reason: z.string().optional(),
  nonce: Nonce.optional().describe('on the first line only'),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** First frame: what PID 1 sees of its own cage before anything else runs in it. */
export const Hello = z.looseObject({
  schema: z.literal('proofbox.hello/v1'),
  nonce: Nonce,
  pid: z.int(),
  uid: z.int(),
  gid: z.int(),
  groups: z.array(z.int()),
  hostname: z.string(),
  uname: z.looseObject({}),
  argv: z.array(z.string()),
  env: z.array(z.string()),
  cwd: z.string(),
  mountinfo: z.string(),
  status: z.string(),
  limits: z.string(),
  net_dev: z.string(),
  cgroup: z.string(),
  namespaces: z.record(z.string(), z.string()),
  ptrace_scope: z.int().nullable(),
  kernel: z.looseObject({ wait_killable: z.boolean(), sync_wakeup: z.boolean() }),
  self_test: z.looseObject({
    notified: z.array(z.string()),
    shadowed: z.record(z.string(), z.string()),
    missing: z.array(z.string()),
    read_passes: z.boolean(),
  }),
});
export type Hello = z.infer<typeof Hello>;

/** Last frame: how the engine ended and the recorder's own accounts. */
export const End = z.looseObject({
  schema: z.literal('proofbox.end/v1'),
  nonce: Nonce,
  ended_by: z.enum(['engine_exit', 'stop', 'harness_gone']),
  stop_reason: z.string().nullable(),
  exit_code: z.int().nullable(),
  signal: z.int().nullable(),
  wall_ms: z.number(),
  user_ms: z.number(),
  sys_ms: z.number(),
  max_rss_kib: z.number(),
  stragglers: z.int(),
  reaped: z.int(),
  records: z.int(),
  programs: z.int(),
  stdout_bytes: z.int(),
  stderr_bytes: z.int(),
  notifications: z.looseObject({
    received: z.int(),
    answered: z.int(),
    gone: z.int(),
    refused: z.int(),
    unreadable: z.int(),
    recorded_writes: z.int(),
    recorded_programs: z.int(),
    not_writes: z.int(),
    reads_unrecorded: z.int(),
    kernel_first_id: z.union([z.int(), z.string()]),
    kernel_last_id: z.union([z.int(), z.string()]),
    cancelled: z.int(),
  }),
  roots: z.record(z.string(), z.looseObject({ allowed: z.int(), denied: z.int() })),
  oom_kills: z.int().nullable().optional().describe('processes of this cage the kernel killed for memory'),
  signals_from_inside: z.int(),
  signals_forwarded: z.int(),
});
export type End = z.infer<typeof End>;
