/** Which finished run of a batch may lend its tests on the untouched fixture to the ones that come after it. */
import type { OfferedTests } from '../lane/reused-tests.ts';
import { provesTests } from '../proofs/tests-source.ts';
import type { BatchRun } from '../schema/batch.ts';
import type { Report } from '../schema/report.ts';
import type { PlannedRun } from './plan.ts';

export class SharedTests {
  readonly #lenders = new Map<string, OfferedTests>();

  /** What a run may use. The run itself asks whether it is the same in everything that counts. */
  offered(run: PlannedRun): OfferedTests | null {
    return this.#lenders.get(cellOf(run)) ?? null;
  }

  /** Notes a run that is over: the first of its kind that made sound tests lends them. */
  over(run: PlannedRun, report: Report, ended: { directory: string; bundle: BatchRun['bundle'] }): void {
    const { directory, bundle } = ended;
    const cell = cellOf(run);
    if (bundle === null || this.#lenders.has(cell) || !lends(report)) return;
    this.#lenders.set(cell, { directory, bundle });
  }
}

function lends({ proofs, verification }: Report): boolean {
  const isOwn = verification !== null && verification.before_run === undefined;
  return provesTests(proofs) && isOwn && verification.before?.stopped === null;
}

/** Runs that differ in none of it have one fixture, contract and image. */
function cellOf({ fixture, engine }: PlannedRun): string {
  return JSON.stringify([
    fixture,
    engine.contract ?? null,
    engine.limits,
    engine.npm,
    engine.engine === 'case',
  ]);
}
