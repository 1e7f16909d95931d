/** `stage2.json`: every requirement of the Stage 2 route, and the evidence that proves it or fails to. */

import { Digest, Instant } from './common.ts';
import { Stage1Reference } from './gates.ts';
import { Candidate } from './run.ts';
import { ValidationRun } from './stage1.ts';
import * as z from './zod.ts';

export const RequirementResult = z
  .strictObject({
    id: z.string().describe('such as R4'),
    statement: z.string().describe('what is required, in one sentence'),
    status: z.enum(['proven', 'not_proven']).describe('`proven` only where every place says so'),
    problems: z.array(z.string()).describe('why it is not proven; empty where it is'),
    evidence: z
      .array(
        z.strictObject({
          file: z.string().describe('relative to the folder of this document'),
          at: z.string().describe('a JSON pointer, or what to look for'),
        }),
      )
      .describe('where it is proven'),
  })
  .meta({ id: 'RequirementResult' });
export type RequirementResult = z.infer<typeof RequirementResult>;

export const Stage2Document = z.strictObject({
  schema: z.literal('proofbox.stage2/v1'),
  started_at: Instant.describe('when it began'),
  finished_at: Instant.describe('when it ended'),
  passed: z.boolean().describe('every requirement is proven and every bundle holds'),
  stage1: Stage1Reference.describe('the first stage that it rests on'),
  candidate: Candidate.describe('what the engine under review is made of'),
  candidate_image: Digest.describe('id of its image'),
  provider: z.string().describe('how the passing lane reached its model'),
  requirements: z.array(RequirementResult).describe('R1 to R16'),
  runs: z.array(ValidationRun).describe('the runs that it made, each a bundle of its own'),
  problems: z.array(z.string()).describe('bundles that do not hold'),
});
export type Stage2Document = z.infer<typeof Stage2Document>;
