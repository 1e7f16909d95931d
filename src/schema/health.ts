/** What `proofbox health` says. */
import * as z from './zod.ts';

export const Health = z.strictObject({
  schema: z.literal('proofbox.health/v1'),
  healthy: z.boolean().describe('every part is ok'),
  parts: z
    .array(
      z.strictObject({
        id: z.enum(['doctor', 'prd', 'stage1', 'fixtures']).describe('what was looked at'),
        status: z.enum(['ok', 'failed', 'not_run']).describe('`not_run` is no failure: the detail says why'),
        detail: z.string().describe('one sentence'),
        problems: z.array(z.string()).describe('what is not as it must be'),
        ms: z.number().describe('how long it took'),
      }),
    )
    .describe('in the order in which they were run'),
});
export type Health = z.infer<typeof Health>;
