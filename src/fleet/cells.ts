/** What the runs of a batch ask for: each fixture with each engine is published once, and looked up for every run of it. */
import type { PlannedRun } from '../batch/plan.ts';
import type { Ask, RunClass } from '../schema/fleet.ts';
import type { Assignment } from '../schema/run.ts';
import type { Nats } from './connect.ts';
import { ensureClass, type FleetSettings, inputsStore } from './streams.ts';
import { runSubject } from './subjects.ts';
import { type Cell, type CellWork, publishCell } from './work.ts';

export interface CellsOptions {
  nats: Nats;
  /** of which workers the runs are for */
  target: Pick<RunClass, 'inputs' | 'pool' | 'architecture' | 'runtime'>;
  /** @throws ProofboxError where the manifest asks for something that cannot be */
  work(run: PlannedRun): Promise<CellWork>;
}

export class Cells {
  readonly #cells = new Map<string, Cell>();

  constructor(private readonly options: CellsOptions) {}

  /** Puts everything where workers find it, and makes the classes in which the runs are to wait. */
  async publish(runs: readonly PlannedRun[], settings: FleetSettings, stop: AbortSignal): Promise<void> {
    const { nats, target, work } = this.options;
    const store = await inputsStore(nats);
    for (const run of runs) {
      const name = cellName(run);
      if (stop.aborted || this.#cells.has(name)) continue;
      this.#cells.set(name, await publishCell(await work(run), store));
    }
    for (const kind of new Set([...this.#cells.values()].map((cell) => cell.kind)))
      await ensureClass(nats, { ...target, kind }, settings);
  }

  of(run: PlannedRun): Cell {
    const cell = this.#cells.get(cellName(run));
    if (cell === undefined) throw new Error(`${run.key} has not been made ready`);
    return cell;
  }

  classOf(run: PlannedRun): RunClass {
    return { ...this.options.target, kind: this.of(run).kind };
  }

  /** The message that asks for a run. */
  ask(run: PlannedRun, assignment: Assignment, attempt: number): Ask {
    return { ...this.of(run).message, assignment, attempt };
  }

  subjectOf(run: PlannedRun, assignment: Assignment, attempt: number): string {
    return runSubject(this.classOf(run), assignment, attempt);
  }
}

function cellName({ fixture, engine }: PlannedRun): string {
  return `${fixture}\n${engine.id}`;
}
