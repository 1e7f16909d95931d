/** The gates in front of the engine `case`: environment variables, and a first stage that passed. */

import { Digest, Instant } from './common.ts';
import * as z from './zod.ts';

/** The two variables, and the one value of each that opens its gate. */
export const GATE_VALUES = { CTO_HARNESS_ALLOW_CASE: '1', CTO_HARNESS_CASE_STAGE: '2' } as const;

/** Empty for an engine that no gate guards; else both variables as the process had them, null where unset. */
export const Gates = z.record(z.string(), z.string().nullable());
export type Gates = z.infer<typeof Gates>;

/** What a run of stage 2 carries of the stage 1 before it. */
export const Stage1Reference = z
  .strictObject({
    digest: Digest.describe('of its stage1.json'),
    passed: z.boolean().describe('whether every probe was refused and seen'),
    finished_at: Instant.describe('when it ended'),
    expires_at: Instant.describe('after this it proves nothing any more'),
    is_this_host: z
      .boolean()
      .describe('made on this host with this container engine, kernel, image and profile'),
  })
  .meta({ id: 'Stage1Reference' });
export type Stage1Reference = z.infer<typeof Stage1Reference>;
