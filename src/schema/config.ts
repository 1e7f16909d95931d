/** `proofbox.config.json`: what a team sets once. Gates are never read from here. */

import { ForbiddenKind } from './common.ts';
import * as z from './zod.ts';

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
  signing_key: z
    .string()
    .min(1)
    .optional()
    .describe('private key that signs every run, as --sign does; relative to this file'),
  case: z
    .strictObject({
      source: z
        .string()
        .min(1)
        .optional()
        .describe('a git checkout; its last commit is run, as --case-source does'),
      model: z.string().min(1).optional().describe('the model that it asks for, as --case-model does'),
      api: z
        .enum(['openai-completions', 'openai-responses', 'anthropic-messages'])
        .default('openai-completions')
        .describe('dialect in which its agent speaks to the provider'),
      profile: z.enum(['tiny', 'standard']).default('tiny').describe('`standard` adds the phase verify'),
    })
    .prefault({})
    .describe('the engine case; no gate is opened here'),
  runs_dir: z.string().min(1).optional().describe('where runs go without --out'),
});
export type Config = z.infer<typeof Config>;
