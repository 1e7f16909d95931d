/** One line of `ledger.jsonl`: a run that was sealed, chained to the one before. */

import { Digest, Instant, RunId } from './common.ts';
import * as z from './zod.ts';

export const LedgerEntry = z.strictObject({
  schema: z.literal('proofbox.ledger/v1'),
  seq: z.int().min(1).describe('from 1 without a gap'),
  previous: Digest.nullable().describe('sha256 of the line before, without its end; null on the first line'),
  at: Instant.describe('when the run was entered'),
  run_id: RunId.describe('names the run'),
  status: z.enum(['passed', 'failed', 'blocked', 'interrupted']).describe('its verdict'),
  directory: z.string().min(1).describe('its run directory, relative to the folder of the ledger'),
  bundle: Digest.describe('of its digests.json, and so of every file in it'),
  signer: z.string().nullable().describe('keyid of the key that signed it; null where it is not signed'),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;
