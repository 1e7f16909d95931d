/** What every step of one run shares. Data only. */
import type { Docker } from '../docker/connect.ts';
import type { Clock } from '../evidence/clock.ts';
import type { EventLog } from '../evidence/events.ts';
import type { RunPaths } from '../evidence/layout.ts';
import type { Trace } from '../evidence/trace.ts';
import type { Contract } from '../schema/contract.ts';
import type { Sbom } from '../schema/sbom.ts';
import type { Owner } from './prepare.ts';
import type { Progress } from './progress.ts';
import type { Rubbish } from './rubbish.ts';
import type { StateFile } from './state.ts';

/** The image a run uses, as the container engine names it. */
export interface RunImage {
  reference: string;
  digest: string;
  config: unknown;
  /** what it is made of */
  bill: Sbom;
}

export interface RunContext {
  docker: Docker;
  image: RunImage;
  paths: RunPaths;
  contract: Contract;
  /** whom the cage runs as, in its own numbers */
  user: Owner;
  /** the same user in the host's numbers: its folders are his */
  owner: Owner;
  clock: Clock;
  events: EventLog;
  trace: Trace;
  rubbish: Rubbish;
  progress: Progress;
  signal: AbortSignal;
  /** what somebody else needs to seal this run, should it be killed */
  state: StateFile;
  /** the harness's own /proc/self/ns, from which every cage's must differ */
  hostNamespaces: Record<string, string>;
  /** resolved host paths no engine may look for; empty unless reads are recorded */
  forbiddenPaths: string[];
  runtime: string | undefined;
  allowDegraded: boolean;
  withoutAdmission: boolean;
}
