/** Front matter of the planning documents in docs/prd, and what the validator says of them. */

import { BlockerCode } from './common.ts';
import { ProofId } from './report.ts';
import * as z from './zod.ts';

/** P1 to P11: planning. R1 to R16: the Stage 2 route. */
export const REQUIREMENT_IDS = [
  ...Array.from({ length: 11 }, (_, index) => `P${index + 1}`),
  ...Array.from({ length: 16 }, (_, index) => `R${index + 1}`),
];

export const TestName = z.strictObject({
  file: z
    .string()
    .regex(/^tests\/[\w./-]+\.test\.ts$/)
    .describe('relative to the checkout'),
  name: z
    .string()
    .min(1)
    .describe('title of the test or of the block that holds it; it must name the requirement'),
});

export const Prd = z.strictObject({
  schema: z.literal('proofbox.prd/v1'),
  id: z.string().min(1).describe('of the document'),
  title: z.string().min(1).describe('one line'),
  status: z.enum(['draft', 'in_force']).describe('whether it binds'),
  requirements: z
    .array(
      z.strictObject({
        id: z.string().describe('P1 to P11, R1 to R16'),
        statement: z.string().min(10).describe('one sentence'),
        proofs: z.array(ProofId).default([]).describe('proofs of a report that carry it'),
        blockers: z.array(BlockerCode).default([]).describe('what a run gets where it does not hold'),
        tests: z.array(TestName).min(1).describe('that prove it'),
      }),
    )
    .describe('every id once'),
});
export type Prd = z.infer<typeof Prd>;

export const PrdIssues = z.strictObject({
  schema: z.literal('proofbox.prd-issues/v1'),
  prd: z.string().describe('id of the document that it slices'),
  issues: z
    .array(
      z.strictObject({
        id: z
          .string()
          .regex(/^CTO-WORK-\d{3}$/)
          .describe('name of the slice'),
        title: z.string().min(1).describe('one line'),
        status: z.enum(['open', 'done']).describe('whether its evidence is there'),
        blocked_by: z.array(z.string()).describe('slices that come first'),
        requirements: z.array(z.string()).min(1).describe('ids that it brings'),
        validator: z.string().min(1).describe('command that shows it'),
      }),
    )
    .min(1)
    .describe('in the order of work'),
});
export type PrdIssues = z.infer<typeof PrdIssues>;

export const PrdCheck = z.strictObject({
  schema: z.literal('proofbox.prd-check/v1'),
  passed: z.boolean().describe('no problem anywhere'),
  documents: z
    .array(
      z.strictObject({
        file: z.string().describe('relative to the checkout'),
        problems: z.array(z.string()).describe('of the document itself'),
      }),
    )
    .describe('that were read'),
  requirements: z
    .array(
      z.strictObject({
        id: z.string().describe('P1 to P11, R1 to R16'),
        status: z
          .enum(['proven', 'unproven'])
          .describe('`proven` where every proof, code and test that it names exists'),
        tests: z.int().describe('that it names and that exist'),
        problems: z.array(z.string()).describe('why it is unproven'),
      }),
    )
    .describe('every id'),
});
export type PrdCheck = z.infer<typeof PrdCheck>;
