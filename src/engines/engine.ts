/** The seam behind which engines live: an engine is data and pure functions. It starts nothing itself. */
import type { EngineName } from '../schema/common.ts';
import type { Fixture } from '../schema/fixture.ts';

/** What an engine needs to know to plan a run. */
export interface PlanContext {
  /** the fixture with every override laid over it */
  fixture: Fixture;
  /** program and arguments of the `command` engine; empty otherwise */
  argv: string[];
  /** how the engine under review is set up; null for every other */
  candidate: CaseSettings | null;
}

/** What a user may choose for the engine `case`. */
export interface CaseSettings {
  /** name of the model, as the provider knows it */
  model: string;
  /** dialect in which its agent speaks to the provider */
  api: 'openai-completions' | 'openai-responses' | 'anthropic-messages';
  /** which phases it runs: `tiny` leaves out verify */
  profile: 'tiny' | 'standard';
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
  /** what the engine wrote where it speaks, bounded; null where there is no readable file */
  text: string | null;
  /** the workspace differs from the fixture, the engine's own notes left out */
  changed: boolean;
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
  /** folders of the workspace that are its own notes */
  state: string[];
  /** it cannot work without a model */
  needsProvider: boolean;
  /** where it speaks, below /artifacts/backend: one file, or all of a folder whose names fit, in the order of names */
  speaksIn: { file: string } | { folder: string; names: RegExp };
  /** @throws ProofboxError `invalid_input` where this fixture gives the engine nothing to do */
  plan(context: PlanContext): EnginePlan;
  /** Never throws: what an engine wrote is hostile input. */
  normalize(raw: RawEvents): NormalizedEvents;
}
