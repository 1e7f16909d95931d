/** `provider.jsonl` and cassettes: the traffic to a model provider, as the gateway saw it. Never holds a secret. */

import { Digest, Nonce } from './common.ts';
import * as z from './zod.ts';

export const ProviderMode = z.enum(['none', 'live', 'record', 'replay', 'scripted']);
export type ProviderMode = z.infer<typeof ProviderMode>;

/** How one request ended. Only `ok`, `refused` and `left` are no failure of the provider. */
export const ProviderOutcome = z.enum([
  'ok',
  'refused',
  'left',
  'rejected',
  'unreachable',
  'timeout',
  'cut',
  'too_large',
  'unexpected',
]);
export type ProviderOutcome = z.infer<typeof ProviderOutcome>;

export const ProviderRecord = z.strictObject({
  seq: z.int().min(1).describe('from 1 without a gap'),
  t_ms: z.number().min(0).describe('monotonic, since the run began'),
  method: z.string().describe('of the request'),
  path: z.string().describe('of the request, without its query'),
  outcome: ProviderOutcome.describe(
    '`refused`: the gateway lets no such request pass; `left`: the engine did not wait for the whole answer; `rejected`: the provider answered with an error; `cut`: its answer ended early; `too_large`: request, answer or number of requests above the limit; `unexpected`: not what the cassette holds next',
  ),
  status: z
    .int()
    .describe('that the engine got; a gateway with no answer to pass on says 403, 413, 429 or 502'),
  request_bytes: z.int().describe('size of the request body'),
  response_bytes: z.int().describe('size of the answer that was passed on'),
  request_digest: Digest.describe('sha256 of the request body'),
  response_digest: Digest.describe('sha256 of the answer that was passed on'),
  model: z.string().nullable().describe('that the request names'),
  tokens: z
    .strictObject({
      input: z.int().nullable().describe('as the provider counts'),
      output: z.int().nullable().describe('as the provider counts'),
    })
    .describe('usage as the answer states it'),
  duration_ms: z.number().describe('from request to the end of the answer'),
  nonce: Nonce.optional().describe('on the first line only'),
});
export type ProviderRecord = z.infer<typeof ProviderRecord>;

/** One line of a cassette: a request's shape and the answer that it gets. */
export const CassetteExchange = z.strictObject({
  schema: z.literal('proofbox.cassette/v1'),
  method: z.string().describe('of the request'),
  path: z.string().describe('of the request'),
  shape: Digest.describe('of model, streaming, names of tools and roles of turns; not of their words'),
  status: z.int().min(200).max(599).describe('of the answer'),
  content_type: z.string().describe('of the answer'),
  body: z.string().describe('of the answer, UTF-8'),
});
export type CassetteExchange = z.infer<typeof CassetteExchange>;
