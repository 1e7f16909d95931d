/** What the log says of one run: made of its report, or of the reason why there is none. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, ProofboxError } from '../errors.ts';
import { lineDigest } from '../ledger/chain.ts';
import type { BatchRun } from '../schema/batch.ts';
import type { Fixture } from '../schema/fixture.ts';
import { blockerCodes, type Report } from '../schema/report.ts';
import { unexpected } from '../validation/expectation.ts';
import { exitCodeOf } from '../verdict/exit-code.ts';
import type { PlannedRun } from './plan.ts';

/** @param worker key id of the worker that made it; null where this host did */
export function ofReport(
  run: PlannedRun,
  report: Report,
  found: { bundle: BatchRun['bundle']; expect: Fixture['expect']; worker: BatchRun['worker'] },
): BatchRun {
  return {
    ...named(run),
    run_id: report.run_id,
    status: report.status,
    as_expected: unexpected(found.expect, report) === null,
    exit_code: exitCodeOf(report),
    blockers: blockerCodes(report.blockers),
    error: null,
    wall_ms: report.usage.wall_ms,
    engine_ms: report.usage.engine_wall_ms,
    bundle: found.bundle,
    worker: found.worker,
  };
}

/** A run that could not be made. The same batch, asked for again, tries it again. */
export function ofError(run: PlannedRun, error: Error, wallMs: number): BatchRun {
  return {
    ...named(run),
    run_id: null,
    status: 'failed',
    as_expected: false,
    exit_code: error instanceof ProofboxError ? error.exitCode : EXIT.failed,
    blockers: [],
    error: error.message,
    wall_ms: wallMs,
    engine_ms: null,
    bundle: null,
    worker: null,
  };
}

/** Digest of digests.json, which is written last; null where there is none. */
export async function bundleOf(directory: string): Promise<BatchRun['bundle']> {
  const text = await readFile(join(directory, 'artifacts/digests.json'), 'utf8').catch(() => null);
  return text === null ? null : lineDigest(text);
}

function named({ key, fixture, engine, repeat }: PlannedRun) {
  return { key, fixture, engine: engine.id, repeat };
}
