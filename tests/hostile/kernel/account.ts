/** Plays of a test file under the kernel's eyes, and what came of the comparison. */
import type { CageRecord } from '../../../src/schema/cage.ts';
import type { Bundle } from '../../integration/product.ts';
import { allowedBy, compareCalls, compareEffects } from './judge.ts';
import type { Kernel } from './program.ts';
import { askKernel, type Seen, Witness } from './witness.ts';

export interface Verdict {
  cages: number;
  /** all calls that the kernel went on with */
  calls: number;
  /** of them those of engines that could change a file system, each held against the record */
  compared: number;
  /** changes of inodes and of the journal, each held against the call that it was made in */
  effects: number;
  /** records of engines for calls that were let go on and never carried out, beyond the callers known to be gone */
  unexplained: string[];
  /** a name, and what must not be */
  problems: string[];
  /** times that the kernel left a probe out: so many calls may be missing in its counts */
  missed: number;
}

/** Whether this kernel can be asked, and how; for the name of a test that is skipped where it cannot. */
export const kernelOrReason: Kernel | string = await askKernel();

interface Play {
  name: string;
  bundle: Bundle;
}

/** From the first play of a test file to its last. */
export class KernelAccount {
  #witness: Witness | null = null;
  readonly #plays: Play[] = [];

  async begin(): Promise<void> {
    if (typeof kernelOrReason !== 'string') this.#witness = await Witness.start(kernelOrReason);
  }

  note(name: string, bundle: Bundle): void {
    if (this.#witness !== null) this.#plays.push({ name, bundle });
  }

  /** Ends the witness and compares. The bundles must still be there. */
  async close(): Promise<Verdict> {
    const witness = this.#witness;
    if (witness === null) throw new Error('no witness was begun');
    const { missed, cage } = await witness.stop();
    this.#witness = null;
    const verdict: Verdict = {
      cages: 0,
      calls: 0,
      compared: 0,
      effects: 0,
      unexplained: [],
      problems: [],
      missed,
    };
    for (const play of this.#plays) await judge(verdict, play, cage);
    return verdict;
  }

  async end(): Promise<void> {
    await this.#witness?.abandon();
  }
}

async function judge(verdict: Verdict, { name, bundle }: Play, seenIn: (id: string) => Seen): Promise<void> {
  const document = await bundle.cage();
  const { before, after } = document.verification;
  for (const cage of [document.engine, before, after]) {
    // No program was started there, so that there is nothing to see.
    if (cage?.end == null) continue;
    const seen = seenIn(cage.container_id);
    const engine = cage.role === 'engine';
    const { executed, unexecuted, problems } = engine
      ? compareCalls(seen, allowedBy(await bundle.writes(), await bundle.programs()))
      : compareCalls(seen, null);
    const at = engine ? name : `${name}, ${cage.role}`;
    verdict.cages += 1;
    verdict.calls += seen.calls.reduce((sum, { count }) => sum + count, 0);
    verdict.effects += seen.effects.reduce((sum, { count }) => sum + count, 0);
    verdict.problems.push(...problems.map((problem) => `${at}: ${problem}`));
    verdict.problems.push(
      ...compareEffects(seen, stopsIn(cage)).map((problem) => `${at}: ${problem}`),
      ...(engine ? [] : tooMany(executed, cage).map((problem) => `${at}: ${problem}`)),
    );
    if (!engine) continue;
    verdict.compared += executed;
    const gone = cage.end.notifications.gone;
    if (unexecuted > gone) verdict.unexplained.push(`${at}: ${unexecuted}, of which ${gone} are gone`);
  }
}

/** What the recorder found out before the engine began: these stop or are refused. */
export function stopsIn({ seen }: CageRecord): Set<string> {
  const test = seen?.self_test;
  return new Set([...(test?.notified ?? []), ...Object.keys(test?.shadowed ?? {})]);
}

/** Of the cages of the tests no single records are kept, only how many there were. */
function tooMany(executed: number, { end }: CageRecord): string[] {
  const writes = Object.values(end?.roots ?? {}).reduce((sum, { allowed }) => sum + allowed, 0);
  const recorded = writes + (end?.notifications.recorded_programs ?? 0);
  return executed > recorded
    ? [`${executed} calls that change something, of which ${recorded} are on record`]
    : [];
}
