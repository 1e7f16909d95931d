/** `fixture.json`: an artificial repository with a task, a test command and the files that may change. */

import { BlockerCode } from './common.ts';
import * as z from './zod.ts';

/**
 * A relative POSIX path or glob inside the workspace: no leading slash, no `..` segment, no backslash,
 * no control character, and never inside `.git`.
 */
export const WorkspacePath = z
  .string()
  .min(1)
  .refine((p) => !p.startsWith('/'), 'must be relative to the workspace, not absolute')
  .refine((p) => !p.split('/').includes('..'), 'must not leave the workspace through ".."')
  .refine((p) => !p.includes('\\'), 'must use "/" and no backslash')
  .refine((p) => !/[\u0000-\u001f\u007f]/.test(p), 'must not hold control characters')
  .refine((p) => p.split('/')[0] !== '.git', 'must not name .git, which is engine state');

/** A program and its arguments; the first word must not be empty. */
export const Argv = z
  .array(z.string())
  .min(1)
  .refine((a) => (a[0] ?? '').trim() !== '', 'the program must not be empty');

/** What one run may use. Durations in milliseconds, sizes in bytes. */
export const Limits = z
  .strictObject({
    timeout_ms: z
      .int()
      .min(100)
      .max(24 * 3600_000)
      .describe('wall clock of the engine'),
    test_timeout_ms: z
      .int()
      .min(100)
      .max(24 * 3600_000)
      .describe('wall clock of each run of the tests'),
    memory_bytes: z
      .int()
      .min(32 << 20)
      .describe('memory, swap included'),
    cpus: z.number().min(0.05).max(1024).describe('processors'),
    pids: z
      .int()
      .min(8)
      .max(1 << 22)
      .describe('processes and threads'),
    nofile: z
      .int()
      .min(64)
      .max(1 << 20)
      .describe('open files of one process'),
    output_bytes: z.int().min(1).describe('standard output and standard error together'),
    workspace_bytes: z.int().min(1).describe('what workspace and artifacts may occupy on disk'),
    workspace_files: z.int().min(1).describe('files, folders and links in workspace and artifacts'),
  })
  .meta({ id: 'Limits' });
export type Limits = z.infer<typeof Limits>;

export const DEFAULT_LIMITS: Limits = {
  timeout_ms: 10 * 60_000,
  test_timeout_ms: 5 * 60_000,
  memory_bytes: 2 * 1024 ** 3,
  cpus: 2,
  pids: 512,
  nofile: 4096,
  output_bytes: 64 * 1024 ** 2,
  workspace_bytes: 2 * 1024 ** 3,
  workspace_files: 200_000,
};

/** One act of the `fake` engine. Paths are relative to the workspace unless they begin with `/`. */
export const FakeStep = z
  .discriminatedUnion('do', [
    z.strictObject({
      do: z.literal('event'),
      type: z.string().min(1),
      data: z.record(z.string(), z.unknown()).optional(),
    }),
    z.strictObject({
      do: z.literal('write'),
      path: z.string().min(1),
      content: z.string(),
      append: z.boolean().optional(),
    }),
    z.strictObject({
      do: z.literal('replace'),
      path: z.string().min(1),
      find: z.string().min(1),
      with: z.string(),
    }),
    z.strictObject({ do: z.literal('delete'), path: z.string().min(1) }),
    z.strictObject({
      do: z.literal('print'),
      text: z.string(),
      stream: z.enum(['stdout', 'stderr']).optional(),
    }),
    z.strictObject({ do: z.literal('run'), argv: Argv, may_fail: z.boolean().optional() }),
    z.strictObject({ do: z.literal('sleep'), ms: z.int().min(0) }),
    z.strictObject({ do: z.literal('allocate'), bytes: z.int().min(1) }),
    z.strictObject({
      do: z.literal('flood'),
      bytes: z.int().min(1),
      to: z.string().min(1).describe('"stdout", "stderr" or a path'),
    }),
    z.strictObject({ do: z.literal('exit'), code: z.int().min(0).max(255) }),
  ])
  .meta({ id: 'FakeStep' });
export type FakeStep = z.infer<typeof FakeStep>;

/** What a fixture and a `--contract` file may both say about the work. */
const work = {
  task: z.string().min(1).describe('the task in prose, as the engine reads it'),
  allowed_files: z.array(WorkspacePath).min(1).describe('globs of the files that may change'),
  test_command: Argv.optional().describe('runs in a cage of its own; left out, no run can pass'),
  limits: Limits.partial().optional().describe('those left out have defaults'),
  required_events: z.array(z.string().min(1)).optional().describe('replaces the default list of the engine'),
  denied_writes: z.enum(['report', 'fail']).optional().describe('whether a refused write fails the run'),
  git: z.boolean().optional().describe('whether the copy becomes a git repository; default true'),
  engine_state: z
    .array(WorkspacePath.or(z.literal('.git/')))
    .optional()
    .describe('folders that are the engine\'s own notes, such as ".case/"'),
  needs_provider: z.boolean().optional().describe('the engine cannot work without a model provider'),
};

export const Fixture = z.strictObject({
  schema: z.literal('proofbox.fixture/v1'),
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-"')
    .describe('name of its folder'),
  title: z.string().min(1).describe('one line for lists'),
  workspace: WorkspacePath.default('workspace').describe('folder that is copied, relative to fixture.json'),
  ...work,
  fake: z
    .strictObject({ steps: z.array(FakeStep).describe('one act after the other') })
    .optional()
    .describe('the script of the fake lane'),
  expect: z
    .strictObject({
      status: z.enum(['passed', 'failed']).describe('how its run ends'),
      blockers: z.array(BlockerCode).default([]).describe('exactly these codes'),
    })
    .describe('the verdict of the fake lane'),
});
export type Fixture = z.infer<typeof Fixture>;

/** A `--contract` file: replaces what the fixture says, key by key. */
export const ContractFile = z.strictObject({
  schema: z.literal('proofbox.contract-file/v1').optional(),
  ...Object.fromEntries(Object.entries(work).map(([key, value]) => [key, value.optional()])),
} as { schema: z.ZodOptional<z.ZodLiteral<'proofbox.contract-file/v1'>> } & {
  [K in keyof typeof work]: z.ZodOptional<(typeof work)[K]>;
});
export type ContractFile = z.infer<typeof ContractFile>;
