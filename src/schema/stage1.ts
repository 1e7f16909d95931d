/** `stage1.json`: what a host's cage withstood before any untrusted engine may run in it. */

import { Versions } from './cage.ts';
import { BlockerCode, Digest, Instant } from './common.ts';
import * as z from './zod.ts';

export const ProbeResult = z
  .strictObject({
    id: z.string().describe('name of the attempt'),
    verdict: z
      .enum(['held', 'breach', 'unseen', 'not_tried'])
      .describe(
        '`held`: refused as expected and on record; `breach`: it worked, or was refused in a way nobody expected; `unseen`: refused without its trace; `not_tried`: it never ran',
      ),
    expected: z.string().describe('how it must be refused and where that must show'),
    found: z.string().describe('how it ended and what shows'),
  })
  .meta({ id: 'ProbeResult' });
export type ProbeResult = z.infer<typeof ProbeResult>;

/** One run of a validator. */
export const ValidationRun = z
  .strictObject({
    name: z.string().describe('what was run'),
    directory: z.string().describe('its run directory, beside this document'),
    bundle: Digest.describe('of its digests.json'),
    status: z.string().describe("the run's own verdict"),
    blockers: z.array(BlockerCode).describe("the run's blockers"),
  })
  .meta({ id: 'ValidationRun' });
export type ValidationRun = z.infer<typeof ValidationRun>;

export const Stage1Binding = z
  .strictObject({
    host: Digest.describe("of the machine's id and the container engine's"),
    versions: Versions.describe('what is below the cage'),
    image: Digest.describe('id of the sandbox image'),
    profile: z.array(z.string()).describe("the container engine's security options"),
    runtime: z.string().describe('the runtime, or "default"'),
  })
  .meta({ id: 'Stage1Binding' });
export type Stage1Binding = z.infer<typeof Stage1Binding>;

export const Stage1Document = z.strictObject({
  schema: z.literal('proofbox.stage1/v1'),
  started_at: Instant.describe('when it began'),
  finished_at: Instant.describe('when it ended'),
  expires_at: Instant.describe('after this it proves nothing any more'),
  passed: z
    .boolean()
    .describe('every attempt held, every proof that must hold does, every limit ended its bomb'),
  binding: Stage1Binding.describe('the host it speaks of, and no other'),
  problems: z.array(z.string()).describe('why it did not pass, apart from single attempts'),
  probes: z.array(ProbeResult).describe('every attempt'),
  runs: z.array(ValidationRun).describe('the runs that it made, each a bundle of its own'),
});
export type Stage1Document = z.infer<typeof Stage1Document>;
