/** `proofbox.config.json`: what a team sets once. Gates are never read from here. */
import { z } from 'zod';
import { ForbiddenKind } from './common.ts';

export const Config = z.strictObject({
  $schema: z.string().optional().describe('for editors'),
  forbidden_roots: z
    .array(
      z.strictObject({
        kind: ForbiddenKind.describe('kind of forbidden root'),
        path: z.string().min(1).describe('an existing folder'),
        digest: z
          .enum(['metadata', 'content'])
          .default('metadata')
          .describe('`content` reads every byte, twice'),
      }),
    )
    .default([])
    .describe('host folders that must be neither seen nor changed'),
  runs_dir: z.string().min(1).optional().describe('where runs go without --out'),
});
export type Config = z.infer<typeof Config>;
