/** `.spool/state.json`: what a run must leave behind in time, so that it can be sealed by somebody else if it is killed. */

import { Versions } from './cage.ts';
import { Digest } from './common.ts';
import { Contract } from './contract.ts';
import { Gates, Stage1Reference } from './gates.ts';
import { ForbiddenRoot } from './report.ts';
import { Assignment, Candidate, Tools } from './run.ts';
import { TreeEntry } from './tree.ts';
import * as z from './zod.ts';

/** `.spool/owner.json`, there from the folder's first moment: whose run it is. */
export const Owner = z.strictObject({
  pid: z.int().describe('of the harness'),
  start: z.string().describe("when it started, in the kernel's clock ticks"),
  boot: z.string().describe('id of the boot, without dashes'),
  namespace: z.string().describe('of process numbers, by its inode'),
  machine: z.string().describe('digest of machine-id and host name'),
});
export type Owner = z.infer<typeof Owner>;

export const RunState = z.strictObject({
  schema: z.literal('proofbox.state/v1'),
  started_at_ms: z.number().describe('milliseconds since 1970'),
  contract: Contract,
  fixture_title: z.string().describe("the fixture's title"),
  image: z.strictObject({
    reference: z.string().describe('name and tag'),
    digest: Digest.describe('its id'),
    components: z.int().optional().describe('how many things its bill of materials names'),
  }),
  versions: Versions,
  gates: Gates,
  stage1: Stage1Reference.nullable(),
  candidate: Candidate.nullable(),
  tools: Tools.nullable(),
  assignment: Assignment.nullable().default(null),
  host_namespaces: z.record(z.string(), z.string()),
  forbidden: z.array(ForbiddenRoot).describe('as they were before; nobody looked again'),
  artifact_dir_was_empty: z.boolean(),
  before: z
    .strictObject({ digest: Digest, entries: z.array(TreeEntry) })
    .nullable()
    .describe('the workspace before the engine; null until it was filled'),
  planted: z
    .array(z.string())
    .nullable()
    .describe('what the engine had put where only the harness writes; null until that was looked for'),
});
export type RunState = z.infer<typeof RunState>;
