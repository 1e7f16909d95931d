/** What one run is asked for and what it gives back. Data only. */

import type { LoadedFixture } from '../contract/fixture.ts';
import type { Docker } from '../docker/connect.ts';
import type { Engine } from '../engines/engine.ts';
import type { Versions } from '../schema/cage.ts';
import type { ContractFile, Limits } from '../schema/fixture.ts';
import type { Report } from '../schema/report.ts';
import type { RunImage } from './context.ts';
import type { GuardedRoot } from './forbidden.ts';
import type { Progress } from './progress.ts';

/** Everything one run needs. Whoever calls has checked flags and fixture: nothing here asks or guesses. */
export interface RunRequest {
  docker: Docker;
  versions: Versions;
  image: RunImage;
  fixture: LoadedFixture;
  contractFile: ContractFile;
  limits: Partial<Limits>;
  engine: Engine;
  /** program and arguments of the `command` engine; empty otherwise */
  commandArgv: string[];
  record: 'writes' | 'reads';
  /** the run directory, or null for runs/<run-id> under `runsDir` */
  out: string | null;
  runsDir: string;
  forbidden: GuardedRoot[];
  /** text of the configuration file, searched for forbidden paths */
  configText: string;
  runtime: string | undefined;
  progress: Progress;
  signal: AbortSignal;
}

export interface RunResult {
  report: Report;
  /** absolute run directory */
  directory: string;
}
