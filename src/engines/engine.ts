/** The seam behind which engines live: an engine is data and pure functions. It starts nothing itself. */
import type { EngineName } from '../schema/common.ts';
import type { Fixture } from '../schema/fixture.ts';

/** What an engine needs to know to plan a run. */
export interface PlanContext {
  /** the fixture with every override laid over it */
  fixture: Fixture;
  /** program and arguments of the `command` engine; empty otherwise */
  argv: string[];
}

/** How an engine is started. */
export interface EnginePlan {
  argv: string[];
  /** the whole environment */
  env: Record<string, string>;
  /** files for /artifacts/inputs/, by name */
  inputs: Record<string, string>;
  /** events a passing run must have, unless the contract says otherwise */
  requiredEvents: string[];
}

/** What an engine left, as far as its events go. */
export interface RawEvents {
  /** text of /artifacts/backend/events.jsonl, bounded; null where it is no readable file */
  events: string | null;
}

/** An engine's own events in the harness's words. */
export interface NormalizedEvents {
  events: { type: string; data: Record<string, unknown> }[];
  /** lines that could not be mapped */
  unmapped: number;
  /** the first few reasons */
  problems: string[];
}

export interface Engine {
  name: EngineName;
  description: string;
  /** false: a gate keeps it from running */
  enabled: boolean;
  /** @throws ProofboxError `invalid_input` where this fixture gives the engine nothing to do */
  plan(context: PlanContext): EnginePlan;
  /** Never throws: what an engine wrote is hostile input. */
  normalize(raw: RawEvents): NormalizedEvents;
}
