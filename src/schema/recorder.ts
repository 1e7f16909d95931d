/** What PID 1 of the cage sends: its first frame, its records and its last frame. See images/recorder/README.md. */

import { Nonce } from './common.ts';
import * as z from './zod.ts';

export const WriteRoot = z.enum(['workspace', 'artifacts', 'device', 'kernel', 'none']);
export type WriteRoot = z.infer<typeof WriteRoot>;
export const Verdict = z.enum(['allowed', 'denied']);

/**
 * One line of `writes.jsonl`. Paths are bytes: what is not UTF-8 stands as lone surrogates
 * U+DC80..U+DCFF (PEP 383), so that the string is lossless.
 */
export const WriteRecord = z.looseObject({
  seq: z.int().min(1).describe('from 1 without a gap'),
  t_ms: z.number().min(0).describe('since the recorder started, monotonic'),
  pid: z.int().describe("of the caller, in the cage's numbers"),
  ppid: z.int().describe('its parent, as the recorder first saw it'),
  exe: z.string().describe('the program it runs'),
  syscall: z.string().describe('name of the call'),
  access: z
    .enum(['write', 'create', 'delete', 'rename', 'link', 'metadata', 'read'])
    .describe('what the call would do'),
  path: z.string().describe('as the caller wrote it, lossless; for a descriptor what it leads to'),
  resolved: z.string().describe('absolute, links followed as the call would'),
  path2: z.string().optional().describe('where a call names two'),
  resolved2: z.string().optional().describe('the second, resolved'),
  root: WriteRoot.describe(
    "where it leads: one of the two roots, a device, the kernel's own files, or none of them",
  ),
  verdict: Verdict.describe('`allowed`: the kernel went on with the call; `denied`: it was refused'),
  errno: z.string().optional().describe('the error the caller got, where denied'),
  reason: z.string().optional().describe('why it was refused without being judged by its path'),
  nonce: Nonce.optional().describe('on the first line only'),
});
export type WriteRecord = z.infer<typeof WriteRecord>;

/** One line of `processes.jsonl`: a program that was started. */
export const ProcessRecord = z.looseObject({
  seq: z.int().min(1).describe('from 1 without a gap'),
  t_ms: z.number().min(0).describe('since the recorder started, monotonic'),
  pid: z.int().describe('of the process'),
  ppid: z.int().describe('its parent, as the recorder first saw it'),
  exe: z.string().describe('the program it ran until then'),
  syscall: z.string().describe('execve or execveat'),
  path: z.string().describe('as the caller wrote it'),
  resolved: z.string().describe('absolute, links followed'),
  argv: z.array(z.string()).describe('arguments, up to a bound'),
  argv_truncated: z.boolean().describe('whether some are missing'),
  verdict: Verdict.describe('whether the kernel was let go on'),
  errno: z.string().optional().describe('the error the caller got, where denied'),
  reason: z.string().optional().describe('why it was refused'),
  nonce: Nonce.optional().describe('on the first line only'),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** First frame: what PID 1 sees of its own cage before anything else runs in it. */
export const Hello = z
  .looseObject({
    schema: z.literal('proofbox.hello/v1'),
    nonce: Nonce.describe('as the harness gave it'),
    pid: z.int().describe('1'),
    uid: z.int().describe('effective user'),
    gid: z.int().describe('effective group'),
    groups: z.array(z.int()).describe('supplementary groups'),
    hostname: z.string().describe('of the cage'),
    uname: z.looseObject({}).describe('of the kernel'),
    argv: z.array(z.string()).describe('what it was told to start'),
    env: z.array(z.string()).describe("the engine's whole environment"),
    cwd: z.string().describe('where the engine starts'),
    mountinfo: z.string().describe('/proc/self/mountinfo'),
    status: z.string().describe('/proc/self/status'),
    limits: z.string().describe('/proc/self/limits'),
    net_dev: z.string().describe('/proc/net/dev'),
    cgroup: z.string().describe('/proc/self/cgroup'),
    uid_map: z.string().optional().describe('/proc/self/uid_map; earlier versions did not look'),
    security_label: z
      .string()
      .optional()
      .describe('/proc/self/attr/current: of AppArmor or SELinux; empty where there is none'),
    namespaces: z.record(z.string(), z.string()).describe('/proc/self/ns, name to link text'),
    ptrace_scope: z.int().nullable().describe('of Yama; null where it is absent'),
    kernel: z.looseObject({
      wait_killable: z.boolean().describe('signals wait while a stopped call waits for its answer'),
      sync_wakeup: z.boolean().describe('answers wake the caller at once'),
    }),
    degraded: z
      .literal(true)
      .optional()
      .describe("there where the runtime's kernel has no user notification: nothing could be recorded"),
    self_test: z.looseObject({
      notified: z.array(z.string()).describe('calls tried in a child that stopped as they must'),
      shadowed: z
        .record(z.string(), z.string())
        .describe("calls that the container engine's own filter refuses first, and the error"),
      missing: z.array(z.string()).describe('calls that neither stopped nor were refused'),
      read_passes: z.boolean().describe('an open for reading did not stop'),
    }),
  })
  .meta({ id: 'Hello' });
export type Hello = z.infer<typeof Hello>;

/** Last frame: how the engine ended and the recorder's own accounts. */
export const End = z
  .looseObject({
    schema: z.literal('proofbox.end/v1'),
    nonce: Nonce.describe('as the harness gave it'),
    ended_by: z.enum(['engine_exit', 'stop', 'harness_gone']).describe('why the cage came to its end'),
    stop_reason: z.string().nullable().describe("the harness's word, where it stopped the cage"),
    exit_code: z.int().nullable().describe("of the engine's main process"),
    signal: z.int().nullable().describe('that ended it'),
    wall_ms: z.number().describe('of the main process'),
    user_ms: z.number().describe('of all processes'),
    sys_ms: z.number().describe('of all processes'),
    max_rss_kib: z.number().describe('largest of one process'),
    stragglers: z.int().describe('processes that had to be ended'),
    reaped: z.int().describe('processes whose end was taken note of'),
    records: z.int().describe('write records sent'),
    programs: z.int().describe('program records sent'),
    stdout_bytes: z.int().describe('passed on'),
    stderr_bytes: z.int().describe('passed on'),
    notifications: z.looseObject({
      received: z.int().describe('calls that the kernel handed over'),
      answered: z.int().describe('that got an answer'),
      gone: z.int().describe('whose caller was killed before its answer'),
      refused: z.int().describe('answered with an error'),
      unreadable: z.int().describe('refused because the caller could not be read'),
      recorded_writes: z.int().describe('that became a line of writes.jsonl'),
      recorded_programs: z.int().describe('that became a line of processes.jsonl'),
      not_writes: z.int().describe('that turned out to change nothing by their arguments'),
      reads_unrecorded: z.int().describe('opens for reading that are not recorded'),
      kernel_first_id: z
        .union([z.int(), z.string()])
        .describe("the kernel's number of the first, in the self test"),
      kernel_last_id: z.union([z.int(), z.string()]).describe("the kernel's number of the last"),
      cancelled: z
        .int()
        .describe('numbers the kernel gave to calls that a signal took back before they were handed over'),
    }),
    roots: z.record(
      z.string(),
      z.looseObject({
        allowed: z.int().describe("by the recorder's own count"),
        denied: z.int().describe("by the recorder's own count"),
      }),
    ),
    oom_kills: z.int().nullable().optional().describe('processes of this cage the kernel killed for memory'),
    signals_from_inside: z.int().describe('signals to PID 1 from the engine, ignored'),
    signals_forwarded: z.int().describe('signals from outside, passed to the engine'),
  })
  .meta({ id: 'End' });
export type End = z.infer<typeof End>;
