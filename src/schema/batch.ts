/** `proofbox batch`: what is asked for, what has been done, and what came of it. */

import { BlockerCode, Digest, EngineName, Instant, RunId } from './common.ts';
import { Limits } from './fixture.ts';
import * as z from './zod.ts';

/** Part of a folder's name: no separator, nothing hidden, nothing that a shell would take for more than a word. */
const Slug = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i);

export const BatchEngine = z
  .strictObject({
    id: Slug.describe('names the engine in this batch'),
    engine: EngineName.describe('as `--engine`'),
    command: z.array(z.string()).default([]).describe('program and arguments of the engine `command`'),
    npm: z.array(z.string()).default([]).describe('as `--npm`'),
    provider: z.string().default('none').describe('as `--provider`'),
    record: z.enum(['writes', 'reads']).default('writes').describe('as `--record`'),
    contract: z.string().optional().describe('as `--contract`, relative to the manifest'),
    limits: Limits.partial().default({}).describe('in the place of what the fixture says'),
  })
  .meta({ id: 'BatchEngine' });
export type BatchEngine = z.infer<typeof BatchEngine>;

/** The manifest: every fixture with every engine, as often as asked. */
export const BatchManifest = z.strictObject({
  schema: z.literal('proofbox.batch/v1'),
  fixtures: z
    .array(z.string().min(1))
    .min(1)
    .describe('names under fixtures/, or paths relative to the manifest'),
  engines: z.array(BatchEngine).min(1).describe('each runs every fixture'),
  repeats: z.int().min(1).max(100_000).default(1).describe('how often each engine runs each fixture'),
  concurrency: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('runs at once; the number of processors where absent'),
  tests_before: z
    .enum(['once', 'each'])
    .default('once')
    .describe(
      'on one host, `once` lets runs of one fixture share the tests on the untouched fixture, and each bundle holds the records of the run that made them; `each` makes them in every run',
    ),
  on_failure: z
    .enum(['keep_going', 'fail_fast'])
    .default('keep_going')
    .describe('`fail_fast` starts no further run once one did not pass'),
});
export type BatchManifest = z.infer<typeof BatchManifest>;

/** One line of `batch.jsonl`: the first names the manifest, each other one a run that is over. */
export const BatchHead = z.strictObject({
  schema: z.literal('proofbox.batch-log/v1'),
  manifest: Digest.describe('of the manifest with its defaults filled in'),
  runs: z.int().describe('how many the manifest asks for'),
});
export type BatchHead = z.infer<typeof BatchHead>;

export const RunStatus = z.enum(['passed', 'failed', 'blocked', 'interrupted']);

export const BatchRun = z
  .strictObject({
    key: z.string().describe('fixture, engine and number: the name of its folder below `runs/`'),
    fixture: z.string().describe('as the manifest names it'),
    engine: z.string().describe("the engine's id in the manifest"),
    repeat: z.int().describe('from 1'),
    run_id: RunId.nullable().describe('null where no run directory could be made'),
    status: RunStatus.describe('the verdict; `failed` where no run could be made'),
    as_expected: z.boolean().describe("verdict and blockers are those that the fixture's `expect` names"),
    exit_code: z.int().describe('what `proofbox run` would have ended with'),
    blockers: z.array(BlockerCode).describe('codes, without doubles'),
    error: z.string().nullable().describe('why no run could be made'),
    wall_ms: z.number().describe('of the run'),
    engine_ms: z.number().nullable().describe('of the engine alone'),
    bundle: Digest.nullable().describe('of its digests.json'),
    worker: z
      .string()
      .nullable()
      .default(null)
      .describe('id of the key of the worker that made it; null where the host of the batch did'),
  })
  .meta({ id: 'BatchRun' });
export type BatchRun = z.infer<typeof BatchRun>;

const Spread = z
  .strictObject({
    min: z.number().describe('milliseconds'),
    median: z.number().describe('milliseconds'),
    p95: z.number().describe('milliseconds; the nearest rank'),
    max: z.number().describe('milliseconds'),
  })
  .meta({ id: 'Spread' });
export type Spread = z.infer<typeof Spread>;

const Tally = {
  runs: z.int().describe('that are over'),
  passed: z.int().describe('verdict passed'),
  failed: z.int().describe('verdict failed, or no run could be made'),
  blocked: z.int().describe('by a gate'),
  interrupted: z.int().describe('by a signal, or sealed after a kill'),
  as_expected: z.int().describe("as the fixture's `expect` says"),
  pass_rate: z.number().nullable().describe('passed of all that are over, 0 to 1; null where none is'),
};

/** `batch.json`: the summary. Made of the log alone, so that it can be made again. */
export const BatchReport = z.strictObject({
  schema: z.literal('proofbox.batch-report/v1'),
  manifest: Digest.describe('of the manifest with its defaults filled in'),
  made_at: Instant.describe('when this summary was written'),
  asked: z.int().describe('runs that the manifest asks for'),
  ...Tally,
  not_run: z.int().describe('asked for and not over: stopped, or not yet begun'),
  exit_code: z.int().describe('of the worst run'),
  wall: Spread.nullable().describe('of the runs that are over'),
  cells: z
    .array(
      z.strictObject({
        fixture: z.string().describe('as the manifest names it'),
        engine: z.string().describe("the engine's id in the manifest"),
        ...Tally,
        blockers: z.record(z.string(), z.int()).describe('runs by blocker code'),
        wall: Spread.nullable().describe('of its runs'),
      }),
    )
    .describe('one for each fixture and engine, in the order of the manifest'),
  all: z.array(BatchRun).describe('every run that is over, in the order of the manifest'),
});
export type BatchReport = z.infer<typeof BatchReport>;
