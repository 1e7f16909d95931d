/** Loads the primary evidence from the files of a bundle, as the proofs take it. Invents nothing that is missing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { BundleFile } from '../evidence/inventory.ts';
import { fileLines } from '../evidence/lines.ts';
import type { Evidence, Loaded, Reconciliation, RunFacts } from '../proofs/evidence.ts';
import { summarizeProcesses } from '../proofs/processes-summary.ts';
import { summarizeWatch } from '../proofs/watch-summary.ts';
import { summarizeWrites } from '../proofs/writes-summary.ts';
import { CageDocument } from '../schema/cage.ts';
import { Contract } from '../schema/contract.ts';
import { NormalizedEvent } from '../schema/event.ts';
import { WriteRecord } from '../schema/recorder.ts';
import { ForbiddenDocument } from '../schema/report.ts';
import { type TreeChange, Trees, WatchRecord } from '../schema/tree.ts';
import { indexAttempts, indexWatch, reconcile } from '../witness/reconcile.ts';

export interface EvidenceSource {
  files: Map<string, BundleFile>;
  changes: TreeChange[];
  verification: Evidence['verification'];
  forbiddenPaths: string[];
  run: RunFacts;
}

/** Reads every document of the bundle in `artifacts` from disk: what is judged is what was written. */
export async function loadEvidence(artifacts: string, source: EvidenceSource): Promise<Evidence> {
  const at = (name: string) => join(artifacts, name);
  return {
    cage: await load(at('cage.json'), CageDocument),
    contract: await load(at('contract.json'), Contract),
    events: await loadEvents(at('events.normalized.jsonl')),
    trees: await load(at('trees.json'), Trees),
    forbidden: await load(at('forbidden.json'), ForbiddenDocument),
    writes: await summarizeWrites(fileLines(at('writes.jsonl')), source.forbiddenPaths),
    processes: await summarizeProcesses(fileLines(at('processes.jsonl'))),
    watch: await summarizeWatch(fileLines(at('watch.jsonl'))),
    reconciliation: await reconciliation(artifacts, source.changes),
    digests: null,
    files: source.files,
    run: source.run,
    verification: source.verification,
  };
}

async function load<S extends z.ZodType>(path: string, schema: S): Promise<Loaded<z.infer<S>>> {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (parsed.success) return { value: parsed.data };
    const issue = parsed.error.issues[0];
    return {
      problem: `breaks its schema at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'not valid'}`,
    };
  } catch (error) {
    return { problem: reason(error) };
  }
}

async function loadEvents(path: string): Promise<Loaded<NormalizedEvent[]>> {
  try {
    const events: NormalizedEvent[] = [];
    for await (const event of parsedLines(path, NormalizedEvent)) events.push(event);
    return { value: events };
  } catch (error) {
    return { problem: reason(error) };
  }
}

async function reconciliation(artifacts: string, changes: TreeChange[]): Promise<Loaded<Reconciliation>> {
  try {
    const attempts = await indexAttempts(parsedLines(join(artifacts, 'writes.jsonl'), WriteRecord));
    const watch = await indexWatch(parsedLines(join(artifacts, 'watch.jsonl'), WatchRecord));
    return { value: reconcile({ changes, attempts, watch }) };
  } catch (error) {
    return { problem: reason(error) };
  }
}

/** @throws where a line is not a record of this schema */
async function* parsedLines<S extends z.ZodType>(path: string, schema: S): AsyncGenerator<z.infer<S>> {
  let line = 0;
  for await (const text of fileLines(path)) {
    line += 1;
    const parsed = schema.safeParse(JSON.parse(text));
    if (!parsed.success) throw new Error(`line ${line} breaks its schema`);
    yield parsed.data;
  }
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'missing';
  return error instanceof SyntaxError ? 'does not parse' : message;
}
