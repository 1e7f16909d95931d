/** What one run is asked for and what it gives back. Data only. */

import type { SigningKey } from '../attest/keys.ts';
import type { LoadedFixture } from '../contract/fixture.ts';
import type { Docker } from '../docker/connect.ts';
import type { IdShift } from '../docker/user-namespace.ts';
import type { CaseSettings, Engine } from '../engines/engine.ts';
import type { Provider } from '../gateway/configure.ts';
import type { Versions } from '../schema/cage.ts';
import type { ContractFile, Limits } from '../schema/fixture.ts';
import type { Gates, Stage1Reference } from '../schema/gates.ts';
import type { Report } from '../schema/report.ts';
import type { Assignment, Candidate, Tools } from '../schema/run.ts';
import type { RunImage } from './context.ts';
import type { GuardedRoot } from './forbidden.ts';
import type { Progress } from './progress.ts';
import type { OfferedTests } from './reused-tests.ts';

/** Everything one run needs. Whoever calls has checked flags and fixture: nothing here asks or guesses. */
export interface RunRequest {
  docker: Docker;
  versions: Versions;
  image: RunImage;
  /** what the container engine adds to the numbers of a cage's user */
  idShift: IdShift;
  fixture: LoadedFixture;
  contractFile: ContractFile;
  limits: Partial<Limits>;
  engine: Engine;
  /** program and arguments of the `command` engine; empty otherwise */
  commandArgv: string[];
  record: 'writes' | 'reads';
  /** the one way to a model; null where there is none */
  provider: Provider | null;
  /** the run of a fleet that this one answers; null where nobody but this host asked for it */
  assignment: Assignment | null;
  /** npm packages in the image beside the sandbox; null where there are none */
  tools: Tools | null;
  /** a run whose tests on the untouched fixture may stand for those of this one; null where it makes its own */
  testsBefore: OfferedTests | null;
  /** from which the same-run fake lane is made; null where there is none */
  baselineImage: RunImage | null;
  /** what the engine under review is made of, and how it is set up; null for every other engine */
  candidate: { facts: Candidate; settings: CaseSettings } | null;
  /** the gate variables as the process had them; empty for an engine that no gate guards */
  gates: Gates;
  /** the stage 1 that this run rests on; null where there is none */
  stage1: Stage1Reference | null;
  /** the run directory, or null for runs/<run-id> under `runsDir` */
  out: string | null;
  runsDir: string;
  forbidden: GuardedRoot[];
  /** text of the configuration file, searched for forbidden paths */
  configText: string;
  runtime: string | undefined;
  /** lets the engine start where the runtime cannot host the recorder; such a run never passes */
  allowDegraded: boolean;
  /**
   * Starts engines in a cage that is not as promised; the proofs still fail. For the negative controls of stage 1
   * alone: no flag and no configuration sets it.
   */
  withoutAdmission: boolean;
  /** signs the run's statements; null leaves it unsigned, and says so */
  signingKey: SigningKey | null;
  progress: Progress;
  signal: AbortSignal;
}

export interface RunResult {
  report: Report;
  /** absolute run directory */
  directory: string;
}
