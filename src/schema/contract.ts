/** `contract.json`: the typed input of one run, complete: every default is filled in. */
import { z } from 'zod';
import { Digest, EngineName, Nonce, RunId } from './common.ts';
import { Argv, Limits } from './fixture.ts';

export const Contract = z.strictObject({
  schema: z.literal('proofbox.contract/v1'),
  nonce: Nonce,
  run_id: RunId,
  fixture: z.strictObject({ id: z.string(), digest: Digest.describe("of the fixture's workspace tree") }),
  engine: z.strictObject({ name: EngineName, argv: Argv }),
  task: z.string(),
  allowed_files: z.array(z.string()),
  test_command: Argv.nullable(),
  limits: Limits,
  required_events: z.array(z.string()),
  denied_writes: z.enum(['report', 'fail']),
  record: z.enum(['writes', 'reads']),
  git: z.boolean(),
  engine_state: z.array(z.string()),
  needs_provider: z.boolean(),
  provider: z.strictObject({ mode: z.enum(['none']) }),
  allowed_roots: z.tuple([z.literal('/workspace'), z.literal('/artifacts')]),
});
export type Contract = z.infer<typeof Contract>;
