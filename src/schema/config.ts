/** `proofbox.config.json`: what a team sets once. Gates are never read from here. */
import { z } from 'zod';
import { ForbiddenKind } from './common.ts';

export const Config = z.strictObject({
  $schema: z.string().optional(),
  forbidden_roots: z
    .array(
      z.strictObject({
        kind: ForbiddenKind,
        path: z.string().min(1),
        digest: z.enum(['metadata', 'content']).default('metadata'),
      }),
    )
    .default([]),
  runs_dir: z.string().min(1).optional(),
});
export type Config = z.infer<typeof Config>;
