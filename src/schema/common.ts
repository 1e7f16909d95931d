/** Building blocks that several documents share. Schemas only: nothing here reads or writes. */
import * as z from './zod.ts';

/** `sha256:` and 64 lower-case hex digits. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>');
export type Digest = z.infer<typeof Digest>;

/** Made once a run by the harness: 16 random bytes as hex. Stands in every document of the run. */
export const Nonce = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits');

/** RFC 3339 in UTC with milliseconds. */
export const Instant = z.iso.datetime({ precision: 3 });

/** The name of one run, also the name of its folder. */
export const RunId = z
  .string()
  .regex(/^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$/, 'expected YYYYMMDDTHHMMSSZ-<8 hex>');

export const EngineName = z.enum(['fake', 'command', 'case']);
export type EngineName = z.infer<typeof EngineName>;

/**
 * Why a run is not a pass. Codes are part of the outer interface: add, never rename.
 */
export const BlockerCode = z.enum([
  'case_disabled',
  'stage_gate_missing',
  'stage1_missing',
  'no_diff',
  'disallowed_file',
  'tests_failed',
  'missing_test_command',
  'missing_required_event',
  'provider_unavailable',
  'denied_write',
  'unexplained_change',
  'forged_artifact',
  'target_path_exposed',
  'target_mutated',
  'timeout',
  'out_of_memory',
  'output_limit',
  'workspace_limit',
  'engine_failed',
  'recorder_lost',
  'cage_mismatch',
  'evidence_incomplete',
  'interrupted',
]);
export type BlockerCode = z.infer<typeof BlockerCode>;

/** Kinds of forbidden root: host paths that must be neither seen nor changed. */
export const ForbiddenKind = z.enum([
  'target_repository',
  'case_source',
  'vendor_source',
  'external_developer_repository',
  'hermes_webui',
  'cortex_core',
  'harness_source',
]);
export type ForbiddenKind = z.infer<typeof ForbiddenKind>;
