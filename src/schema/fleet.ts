/** What batch and workers say to each other over NATS, and what a fleet's status is. Nothing here is believed unsigned. */

import { Digest, EngineName, Instant } from './common.ts';
import { Limits } from './fixture.ts';
import { Assignment } from './run.ts';
import * as z from './zod.ts';

/** One token of a subject: no dot, no wildcard, no space. */
export const Token = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected letters, digits, "-" and "_"');

/** Which workers may take a run. All of it stands in the subject, so that nobody else is ever offered it. */
export const RunClass = z
  .strictObject({
    inputs: Token.describe("digest of the harness's version and of everything that goes into its images"),
    pool: Token.describe('label by which workers are set apart'),
    architecture: Token.describe("Docker's word for it, or `any`"),
    runtime: Token.describe('a Docker runtime, or `default`'),
    kind: z
      .enum(['plain', 'case'])
      .describe('`case` needs a worker with a fresh Stage 1 and a source of Case'),
  })
  .meta({ id: 'RunClass' });
export type RunClass = z.infer<typeof RunClass>;

/** A message of the queue: everything that one run needs, large things by digest. */
export const Ask = z.strictObject({
  schema: z.literal('proofbox.ask/v1'),
  assignment: Assignment.describe('what the answer must name'),
  attempt: z.int().min(1).describe('counts how often the run was put into the queue anew'),
  fixture: Digest.describe('object with fixture.json and its workspace, a packed tree'),
  engine: EngineName.describe('which engine'),
  command: z.array(z.string()).describe('program and arguments of the engine `command`'),
  npm: z.array(z.string()).describe('npm packages for it'),
  provider: z.string().describe('as `--provider`; `replay` for the cassette of this message'),
  cassette: Digest.nullable().describe('object with the traffic to play back'),
  record: z.enum(['writes', 'reads']).describe('as `--record`'),
  contract: Digest.nullable().describe('object with the contract file'),
  limits: Limits.partial().describe('in the place of what the fixture says'),
});
export type Ask = z.infer<typeof Ask>;

const said = {
  schema: z.literal('proofbox.answer/v1'),
  assignment: Assignment.describe('the run that it is about'),
  attempt: z.int().min(1).describe('of the message'),
  delivery: z.int().min(1).describe('how often the queue had handed the message out'),
  worker: z.string().max(200).describe('what the worker calls itself'),
  at: Instant.describe("by the worker's clock"),
};
const reason = z.string().max(2000).describe('one sentence');

/** What a worker says of one message, in an envelope that its key has signed. */
export const Answer = z.discriminatedUnion('kind', [
  z.strictObject({ ...said, kind: z.literal('taken') }),
  z.strictObject({
    ...said,
    kind: z.literal('done'),
    bundle: Digest.describe('object with the packed bundle'),
    bytes: z.int().min(1).describe('size of the object'),
  }),
  z.strictObject({ ...said, kind: z.literal('trouble'), reason }),
  z.strictObject({ ...said, kind: z.literal('refused'), reason }),
]);
export type Answer = z.infer<typeof Answer>;

/** A run that nobody will be offered again. */
export const DeadLetter = z
  .strictObject({
    schema: z.literal('proofbox.dead-letter/v1'),
    assignment: Assignment.describe('the run'),
    attempt: z.int().describe('of the message'),
    reason: z.string().describe('one sentence'),
    deliveries: z.int().describe('how often it had been handed out'),
    workers: z.array(z.string()).describe('who had taken it, in order'),
    at: Instant.describe('when it was given up'),
    ask: Ask.nullable().describe('the message; null where it had gone'),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetter = z.infer<typeof DeadLetter>;

/** What a worker says of itself every few seconds. Unsigned: for the display alone. */
export const WorkerState = z
  .strictObject({
    name: z.string().max(200).describe('what it calls itself'),
    keyid: z.string().describe('of the key that signs its bundles'),
    version: z.string().describe('of proofbox'),
    inputs: Token.describe('as in its classes'),
    architecture: z.string().describe("of its container engine, in Docker's word"),
    runtime: z.string().describe('Docker runtime, or `default`'),
    pool: z.string().describe('label'),
    has_case: z.boolean().describe('whether it takes runs of the engine `case` now'),
    labels: z.record(z.string(), z.string()).describe('further labels'),
    concurrency: z.int().describe('runs at once'),
    running: z.array(z.string()).describe('keys of the runs under way'),
    done: z.int().describe('runs whose bundle it handed in since it started'),
    given_back: z.int().describe('runs that it gave back since it started'),
    draining: z.boolean().describe('takes no more'),
    started_at: Instant.describe('when it started'),
    at: Instant.describe('of this word'),
  })
  .meta({ id: 'WorkerState' });
export type WorkerState = z.infer<typeof WorkerState>;

/** `proofbox fleet status --json`. */
export const FleetStatus = z.strictObject({
  schema: z.literal('proofbox.fleet-status/v1'),
  at: Instant.describe('when it was asked'),
  server: z.strictObject({
    version: z.string().describe('of nats-server'),
    cluster: z.string().nullable().describe('its name; null where the server stands alone'),
    replicas: z.int().describe('copies of the queue'),
  }),
  workers: z.array(WorkerState).describe('heard of in the last half minute'),
  queues: z
    .array(
      z.strictObject({
        class: RunClass.describe('which runs'),
        waiting: z.int().describe('runs that nobody has taken'),
        in_flight: z.int().describe('runs that were taken and not yet answered'),
        redelivered: z.int().describe('of these, taken more than once'),
        workers: z.int().describe('workers heard of that take this class'),
      }),
    )
    .describe('one for each class of runs'),
  dead_letters: z.array(DeadLetter).describe('the newest first, at most a hundred'),
  dead_letters_total: z.int().describe('how many are kept'),
  stored: z.strictObject({
    queue_bytes: z.int().describe('of messages that wait or are in flight'),
    answers_bytes: z.int().describe('of what workers have said'),
    inputs_bytes: z.int().describe('of fixtures and contracts'),
    bundles_bytes: z.int().describe('of bundles that no batch has taken yet'),
    bundles_limit: z.int().nullable().describe('what the store may hold; null for no limit'),
  }),
});
export type FleetStatus = z.infer<typeof FleetStatus>;

/** `fleet.json` beside a batch's log: by it the same folder joins the same batch again. */
export const FleetBatch = z.strictObject({
  schema: z.literal('proofbox.fleet-batch/v1'),
  batch: Assignment.shape.batch,
  begun_at: Instant.describe('when it was first published'),
});
export type FleetBatch = z.infer<typeof FleetBatch>;

/** One line of `refused.jsonl`: an answer that was not counted. */
export const RefusedAnswer = z
  .strictObject({
    key: z.string().describe('the run'),
    worker: z.string().describe('what the worker calls itself'),
    keyid: z.string().describe('of the key that signed the answer, or that it names where none verifies'),
    what: z.string().describe('why it was not counted'),
    bundle: Digest.nullable().describe('object that it pointed to'),
    at: Instant.describe('when it was refused'),
  })
  .meta({ id: 'RefusedAnswer' });
export type RefusedAnswer = z.infer<typeof RefusedAnswer>;
