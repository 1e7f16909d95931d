/**
 * What a signed run says to other people's tools: in-toto statements (in-toto attestation framework, Statement v1)
 * with our own predicate. The two standard predicates are SLSA provenance v1 and in-toto runtime-trace v0.2.
 */

import { Confinement, Versions } from './cage.ts';
import { BlockerCode, Digest, EngineName, Instant, Nonce, RunId } from './common.ts';
import { ProofId } from './report.ts';
import * as z from './zod.ts';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The predicate types that a signed run uses. */
export const PREDICATES = {
  run: 'urn:proofbox:run-evidence:v1',
  provenance: 'https://slsa.dev/provenance/v1',
  runtimeTrace: 'https://in-toto.io/attestation/runtime-trace/v0.2',
} as const;

export const RunPredicate = z.strictObject({
  run_id: RunId.describe('names the run'),
  nonce: Nonce.describe('made by the harness for this run'),
  proofbox_version: z.string().describe('of the harness'),
  started_at: Instant.describe('when the run began'),
  finished_at: Instant.describe('when the last file that is judged was written'),
  verdict: z.enum(['passed', 'failed', 'blocked', 'interrupted']).describe('status of report.json'),
  engine: EngineName.describe('the engine'),
  fixture: z.strictObject({
    id: z.string().describe('name of the fixture'),
    digest: Digest.describe('of its workspace tree'),
  }),
  contract_digest: Digest.describe('of contract.json'),
  image: z.strictObject({
    reference: z.string().describe('name and tag'),
    digest: Digest.describe('id of the image'),
  }),
  cage: z.strictObject({
    container_id: z.string().nullable().describe("of the engine's container"),
    user: z.string().describe('uid:gid as PID 1 saw it'),
    network: z.string().describe('network mode'),
    binds: z.array(z.string()).describe('writable folders, target paths'),
    capabilities: z.string().describe('bounding set, hex'),
    no_new_privileges: z.boolean().describe('asked for, and seen by PID 1'),
    read_only_root: z.boolean().describe('as the container engine says'),
    seccomp: z.string().describe('`filter` where PID 1 saw a filter in effect'),
    confinement: Confinement.optional().describe('what stands around the cage beside it'),
    versions: Versions.describe('what is below the cage'),
  }),
  recorder_coverage: z.enum(['complete', 'incomplete']).describe('of the recorder'),
  proofs: z
    .array(
      z.strictObject({
        id: ProofId.describe('which claim'),
        status: z.enum(['passed', 'failed', 'not_applicable']).describe('whether it holds'),
      }),
    )
    .describe('all of them'),
  blockers: z.array(BlockerCode).describe('why the run is not a pass; empty where it is'),
  slsa_properties: z
    .array(z.string())
    .describe('build-track properties that the set-up aims at; never a level, which needs a hosted builder'),
});
export type RunPredicate = z.infer<typeof RunPredicate>;
