/** Everything that is known when a run is judged, and the documents made of it. Data only. */
import type { EnginePlan } from '../engines/engine.ts';
import type { BaselineSummary } from '../schema/baseline.ts';
import type { CageDocument } from '../schema/cage.ts';
import type { ForbiddenDocument } from '../schema/report.ts';
import type { Trees } from '../schema/tree.ts';
import type { TreeDigest } from '../witness/tree.ts';
import type { Collected } from './collect.ts';
import type { RunContext } from './context.ts';
import type { EngineOutcome } from './engine-cage.ts';
import type { ForbiddenGuard } from './forbidden.ts';
import type { Traffic } from './gateway.ts';
import type { RunRequest } from './request.ts';
import type { ReusedTests } from './reused-tests.ts';
import type { TestsOutcome } from './verification.ts';

/** What the steps of one run found. */
export interface JudgeInput {
  context: RunContext;
  request: RunRequest;
  plan: EnginePlan;
  outcome: EngineOutcome;
  collected: Collected;
  before: TreeDigest;
  /** the harness's own copy of the fixture */
  pristine: string;
  guard: ForbiddenGuard;
  /** null where the engine had no provider */
  traffic: Traffic | null;
  /** the fake lane of the same run; null where there is none */
  baseline: BaselineSummary | null;
  tests: { before: TestsOutcome | null; after: TestsOutcome | null };
  /** in the place of the tests before; null where the run made its own */
  reused: ReusedTests | null;
}

/** The documents of one run that the harness itself makes. */
export interface Documents {
  cage: CageDocument;
  trees: Trees;
  forbidden: ForbiddenDocument;
}
