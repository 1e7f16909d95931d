/** What a page for people shows beside the report itself. Data only; every list is bounded by whoever fills it in. */
import type { Activity } from './activity.ts';

/** One step of the run, milliseconds since its start. */
export interface Step {
  name: string;
  start_ms: number;
  end_ms: number;
  failed: boolean;
}

/** Text of a file, or its beginning. */
export interface Excerpt {
  text: string;
  /** bytes of the whole file */
  size: number;
  truncated: boolean;
}

export interface Page {
  steps: Step[];
  /** when the engine's cage started, milliseconds since the run's start; null where none did */
  engine_started_ms: number | null;
  activity: Activity;
  patch: Excerpt;
  test_log: Excerpt;
  /** what stands at a pointer of a proof, by `file#at` */
  excerpts: Record<string, string>;
  forbidden: { kind: string; path: string }[];
  /** keyid of the key that signed the run; null where it is not signed */
  signer: string | null;
}

/** The key of a pointer's excerpt. */
export function excerptKey(file: string, at: string): string {
  return `${file}#${at}`;
}
