/** `events.normalized.jsonl`: what happened, by the harness and by the engine, in one order. */

import { Instant, Nonce } from './common.ts';
import * as z from './zod.ts';

/** Events that every passing run has (R12), in the order in which they must first appear. */
export const PASS_EVENTS = [
  'run.started',
  'task.contract.created',
  'plan.updated',
  'patch.applied',
  'git.diff.checked',
  'verification.completed',
  'run.completed',
] as const;

export const NormalizedEvent = z.strictObject({
  seq: z.int().min(1).describe('from 1 without a gap'),
  at: Instant.describe('wall clock'),
  t_ms: z.number().min(0).describe('monotonic, since the run began'),
  nonce: Nonce.describe('made by the harness for this run'),
  source: z.enum(['harness', 'engine']).describe('who says so; what an engine says is a claim'),
  type: z.string().min(1).describe('name of the event'),
  data: z.record(z.string(), z.unknown()).describe('what belongs to it'),
});
export type NormalizedEvent = z.infer<typeof NormalizedEvent>;
