/** The same-run fake lane of a `case` run, and what differs between the two. */

import { BlockerCode, Digest, RunId } from './common.ts';
import * as z from './zod.ts';

/** What one run came to, as far as two runs can be compared. */
const Outcome = {
  run_id: RunId.describe('names the run'),
  status: z.enum(['passed', 'failed', 'blocked', 'interrupted']).describe('its verdict'),
  blockers: z.array(BlockerCode).describe('its codes, each once'),
  changed_files: z
    .array(
      z.strictObject({
        path: z.string().describe('relative to the workspace'),
        change: z.string().describe('as in changed_files of a report'),
        after: Digest.nullable().describe('of what stands there now'),
      }),
    )
    .describe('what differs between its trees'),
  tests: z
    .strictObject({
      before: z.boolean().nullable().describe('passed on the fixture as it was; null where they did not run'),
      after: z.boolean().nullable().describe('passed on the result'),
    })
    .describe('of the test command of the contract'),
  writes: z
    .strictObject({
      workspace: z.int().describe('allowed in `/workspace`'),
      artifacts: z.int().describe('allowed in `/artifacts`'),
      denied: z.int().describe('refused anywhere'),
    })
    .describe('attempts on record'),
  programs: z.int().describe('started, on record'),
  wall_ms: z.number().describe('whole run'),
  engine_wall_ms: z.number().nullable().describe("engine's main process"),
  artifacts: z
    .record(z.string(), Digest)
    .describe('paths and digests of its bundle, relative to its artifacts/'),
};

/** The fake lane, as the run that it belongs to knows it. */
export const BaselineSummary = z
  .strictObject({
    directory: z.literal('baseline').describe('relative to the run directory'),
    bundle: Digest.describe('of its digests.json'),
    ...Outcome,
  })
  .meta({ id: 'BaselineSummary' });
export type BaselineSummary = z.infer<typeof BaselineSummary>;

const Change = z.strictObject({
  change: z.string().describe('as above'),
  after: Digest.nullable().describe('as above'),
});

export const Baseline = z
  .strictObject({
    ...BaselineSummary.shape,
    comparison: z.strictObject({
      same_result: z
        .boolean()
        .describe('the same files changed to the same content, and the tests ended the same way'),
      changed_files: z
        .array(
          z.strictObject({
            path: z.string().describe('that either run changed'),
            fake: Change.nullable().describe('by the fake lane; null where it left it alone'),
            run: Change.nullable().describe('by this run; null where it left it alone'),
            same: z.boolean().describe('both made the same of it'),
          }),
        )
        .describe('in the order of their paths'),
      measures: z
        .array(
          z.strictObject({
            name: z.string().describe('what is counted'),
            fake: z.number().nullable().describe('in the fake lane'),
            run: z.number().nullable().describe('in this run'),
          }),
        )
        .describe('writes, programs and durations side by side'),
      artifacts: z
        .strictObject({
          fake: z.literal('baseline/artifacts').describe('relative to the run directory'),
          run: z.literal('artifacts').describe('relative to the run directory'),
        })
        .describe(
          'where the two bundles lie; their digests are `artifacts` here and `artifact_digests` of the report',
        ),
    }),
  })
  .meta({ id: 'Baseline' });
export type Baseline = z.infer<typeof Baseline>;
