/** `contract.json`: the typed input of one run, complete: every default is filled in. */

import { Digest, EngineName, Nonce, RunId } from './common.ts';
import { Argv, Limits } from './fixture.ts';
import { ProviderMode } from './provider.ts';
import * as z from './zod.ts';

export const Contract = z.strictObject({
  schema: z.literal('proofbox.contract/v1'),
  nonce: Nonce.describe('made by the harness for this run'),
  run_id: RunId.describe('names the run'),
  fixture: z.strictObject({
    id: z.string().describe('name of the fixture'),
    digest: Digest.describe("of the fixture's workspace tree"),
  }),
  engine: z.strictObject({
    name: EngineName.describe('which engine'),
    argv: Argv.describe('program and arguments inside the cage'),
  }),
  task: z.string().describe('the task in prose'),
  allowed_files: z.array(z.string()).describe('globs of the files that may change'),
  test_command: Argv.nullable().describe(
    'runs in a cage of its own before and after the engine; null where the fixture has none',
  ),
  limits: Limits.describe('what the run may use'),
  required_events: z.array(z.string()).describe('events without which the run does not pass'),
  denied_writes: z.enum(['report', 'fail']).describe('whether an attempt outside both roots fails the run'),
  record: z.enum(['writes', 'reads']).describe('`reads` also stops opens for reading'),
  git: z.boolean().describe('whether the copy was made a git repository'),
  engine_state: z.array(z.string()).describe("folders that are the engine's own notes"),
  needs_provider: z.boolean().describe('whether the engine needs a model'),
  provider: z.strictObject({
    mode: ProviderMode.describe(
      'how it reaches one: `none`, `live`, `record` into a cassette, `replay` of one, `scripted` by the fixture',
    ),
    endpoint: z
      .string()
      .nullable()
      .default(null)
      .describe('address of the provider; null where there is none'),
  }),
  allowed_roots: z
    .tuple([z.literal('/workspace'), z.literal('/artifacts')])
    .describe('the two writable places of the cage'),
});
export type Contract = z.infer<typeof Contract>;
