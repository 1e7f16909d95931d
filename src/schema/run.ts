/** `run.json`: what only the harness knew while the run went on. With the other primary files it makes the report. */

import { BaselineSummary } from './baseline.ts';
import { Digest, Instant, Nonce, RunId } from './common.ts';
import { Gates, Stage1Reference } from './gates.ts';
import * as z from './zod.ts';

/** Times of one file of the bundle, milliseconds since 1970. */
export const FileTimes = z
  .strictObject({
    mtime_ms: z.number().describe('of its content; an engine may set it to anything'),
    ctime_ms: z.number().describe("of its last change of any kind; the kernel's alone"),
  })
  .meta({ id: 'FileTimes' });

export const Signer = z
  .strictObject({
    keyid: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe('sha256 of the public key (DER, SubjectPublicKeyInfo), hex'),
    algorithm: z.enum(['ed25519', 'ecdsa-p256']).describe('kind of the key'),
    public_key: z.string().describe('the public key, PEM'),
  })
  .meta({ id: 'Signer' });
export type Signer = z.infer<typeof Signer>;

/** What the engine under review is made of. No run admits it. */
export const Candidate = z
  .strictObject({
    commit: z
      .string()
      .regex(/^[0-9a-f]{40,64}$/)
      .describe('of the checkout that the user named'),
    tree: z
      .string()
      .regex(/^[0-9a-f]{40,64}$/)
      .describe("git's id of the commit's tree"),
    digest: Digest.describe('of the exported tree, as trees.json digests one'),
    packages: Digest.describe('of the lockfile of the packages that were installed beside it'),
  })
  .meta({ id: 'Candidate' });
export type Candidate = z.infer<typeof Candidate>;

/** npm packages that were added to the sandbox for the engine. */
export const Tools = z
  .strictObject({
    packages: z.array(z.string()).describe('name and version of each that was asked for'),
    lock: Digest.describe('of the lockfile of everything that came with them'),
  })
  .meta({ id: 'Tools' });
export type Tools = z.infer<typeof Tools>;

/** Whom a run answers, where somebody else's queue asked for it: no older bundle can name the same. */
export const Assignment = z
  .strictObject({
    batch: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .describe('16 random bytes, made when the batch began'),
    key: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,200}(?:\.[A-Za-z0-9_-]{1,64}){2}$/)
      .describe('the run in that batch'),
  })
  .meta({ id: 'Assignment' });
export type Assignment = z.infer<typeof Assignment>;

/** An earlier run whose tests on the untouched fixture stand for those of this one. */
export const TestsSource = z
  .strictObject({
    run_id: RunId.describe('names that run'),
    nonce: Nonce.describe('of that run'),
    bundle: Digest.describe('of its digests.json'),
  })
  .meta({ id: 'TestsSource' });
export type TestsSource = z.infer<typeof TestsSource>;

export const RunDocument = z.strictObject({
  schema: z.literal('proofbox.run/v1'),
  nonce: Nonce.describe('made by the harness for this run; the same in every document'),
  run_id: RunId.describe('names the run and its folder'),
  proofbox_version: z.string().describe('of the harness that made the bundle'),
  fixture_title: z.string().describe("the fixture's title"),
  image: z.strictObject({
    reference: z.string().describe("name and tag; the tag is a digest of the image's inputs"),
    digest: Digest.describe('id of the image, as the harness resolved it before the start'),
    components: z
      .int()
      .optional()
      .describe('how many things sbom.cdx.json says it is made of; earlier versions made no such file'),
  }),
  started_at: Instant.describe('when the run began'),
  finished_at: Instant.describe(
    'when the last file that is judged had been written; only this document is later',
  ),
  wall_ms: z.number().describe('between the two by the monotonic clock'),
  interrupted: z.boolean().describe('SIGINT or SIGTERM came at any time of the run'),
  artifact_dir_was_empty: z
    .boolean()
    .describe("nothing but the harness's own empty folders stood there before the start"),
  forged: z
    .array(z.string())
    .describe('names that the engine had planted where only the harness writes, relative to the bundle'),
  binds: z.strictObject({
    workspace: z.string().describe('host folder meant for `/workspace`'),
    artifacts: z.string().describe('host folder meant for `/artifacts`'),
  }),
  host_namespaces: z
    .record(z.string(), z.string())
    .describe("the harness's own namespaces, from which every cage's must differ"),
  file_times: z
    .record(z.string(), FileTimes)
    .describe('of every file of the bundle but this and what is made of it'),
  gates: Gates.default({}).describe(
    'environment variables that open the route, as they were; empty where none is needed',
  ),
  stage1: Stage1Reference.nullable()
    .default(null)
    .describe('the stage 1 that this run rests on; null where there is none or none is needed'),
  candidate: Candidate.nullable()
    .default(null)
    .describe(
      'what the engine under review is made of; null for every other engine, and where nothing started',
    ),
  tools: Tools.nullable()
    .default(null)
    .describe('npm packages in the image beside the sandbox; null where there are none'),
  baseline: BaselineSummary.nullable()
    .default(null)
    .describe('the fake lane of the same run, for the engine `case`; null for every other'),
  provider_requests: z
    .int()
    .nullable()
    .default(null)
    .describe('requests that the gateway took; null where there was none'),
  assignment: Assignment.nullable()
    .default(null)
    .describe('the run of a fleet that this one answers; null where nobody but its own host asked for it'),
  tests_before: TestsSource.nullable()
    .default(null)
    .describe(
      'the run that made the tests on the untouched fixture, whose documents lie in tests-before/; null where this one did',
    ),
  signer: Signer.nullable().describe('whose signature the envelopes carry; null where the run is not signed'),
});
export type RunDocument = z.infer<typeof RunDocument>;
