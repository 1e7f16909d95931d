/** Loads the primary evidence from the files of a bundle, as the proofs take it. Invents nothing that is missing. */
import { join } from 'node:path';
import type { BundleFile } from '../evidence/inventory.ts';
import { isDerived } from '../evidence/layout.ts';
import { fileLines } from '../evidence/lines.ts';
import { forbiddenPaths } from '../forbidden/roots.ts';
import {
  type Evidence,
  type FileFacts,
  type Loaded,
  PROVIDER_FILE,
  type Reconciliation,
  RUN_FILE,
  SBOM_FILE,
  TESTS_SOURCE_DIR,
} from '../proofs/evidence.ts';
import { summarizeProcesses } from '../proofs/processes-summary.ts';
import { summarizeProvider } from '../proofs/provider-summary.ts';
import { summarizeWatch } from '../proofs/watch-summary.ts';
import { summarizeWrites } from '../proofs/writes-summary.ts';
import { CageDocument } from '../schema/cage.ts';
import { Contract } from '../schema/contract.ts';
import { NormalizedEvent } from '../schema/event.ts';
import { type LineSchema, QuickTrees, WatchLine, WriteLine } from '../schema/quick.ts';
import { ForbiddenDocument } from '../schema/report.ts';
import { RunDocument } from '../schema/run.ts';
import { Sbom } from '../schema/sbom.ts';
import type { Trees } from '../schema/tree.ts';
import { diffTrees } from '../witness/difference.ts';
import {
  type AttemptIndex,
  addAttempt,
  addSight,
  indexAttempts,
  indexWatch,
  noAttempts,
  reconcile,
  type WatchIndex,
} from '../witness/reconcile.ts';
import { loadDocument, reason } from './load-document.ts';
import { loadTestsSource } from './tests-source.ts';

/** A bundle whose run.json cannot be read: nothing of it can be judged. */
export class NoRunDocument extends Error {}

/**
 * Reads every primary document of the bundle in `artifacts` from disk: what is judged is what was written.
 * @param files every entry of the bundle, with the digests that the proofs point to
 * @throws NoRunDocument where run.json is missing or breaks its schema
 */
export async function loadEvidence(artifacts: string, files: Map<string, BundleFile>): Promise<Evidence> {
  const at = (name: string) => join(artifacts, name);
  const run = await loadDocument(at(RUN_FILE), RunDocument);
  if (run.value === undefined) throw new NoRunDocument(`${RUN_FILE}: ${run.problem}`);
  const forbidden = await loadDocument(at('forbidden.json'), ForbiddenDocument);
  const trees = await loadDocument(at('trees.json'), QuickTrees);
  const contract = await loadDocument(at('contract.json'), Contract);
  const attempts = noAttempts();
  const writes = await summarizeWrites(
    fileLines(at('writes.jsonl')),
    forbiddenPaths(forbidden.value?.roots ?? []),
    (record) => addAttempt(attempts, record),
  );
  const sights: WatchIndex = { seen: new Map() };
  const watch = await summarizeWatch(fileLines(at('watch.jsonl')), (record) => addSight(sights, record));
  return {
    cage: await loadDocument(at('cage.json'), CageDocument),
    contract,
    events: await loadEvents(at('events.normalized.jsonl')),
    trees,
    forbidden,
    writes,
    processes: await summarizeProcesses(fileLines(at('processes.jsonl'))),
    watch,
    reconciliation: await reconciliation(artifacts, trees, {
      attempts: isSound(writes) ? attempts : null,
      watch: isSound(watch) ? sights : null,
    }),
    bill: run.value.image.components === undefined ? null : await loadDocument(at(SBOM_FILE), Sbom),
    provider:
      contract.value === undefined || contract.value.provider.mode === 'none'
        ? null
        : await summarizeProvider(fileLines(at(PROVIDER_FILE))),
    testsSource: run.value.tests_before === null ? null : await loadTestsSource(at(TESTS_SOURCE_DIR)),
    files: primaryFiles(files, run.value),
    run: run.value,
  };
}

/** Everything that the verdict rests on, with the times that the harness noted; not what is made of the verdict. */
function primaryFiles(files: Map<string, BundleFile>, run: RunDocument): Map<string, FileFacts> {
  const primary = new Map<string, FileFacts>();
  // In one order, whatever order a folder was read in: equal bundles give equal reports.
  for (const [path, { kind, digest, size }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (isDerived(path)) continue;
    const times = Object.hasOwn(run.file_times, path) ? run.file_times[path] : undefined;
    primary.set(path, {
      kind,
      digest,
      size,
      mtime_ms: times?.mtime_ms ?? null,
      ctime_ms: times?.ctime_ms ?? null,
    });
  }
  return primary;
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

/** Every line was taken, so that nothing which was indexed on the way lacks one. */
function isSound({ value }: Loaded<{ problem: unknown }>): boolean {
  return value !== undefined && value.problem === null;
}

/** @param indexed on the way; null where a record is not sound, and is read again to say why not */
async function reconciliation(
  artifacts: string,
  trees: Loaded<Trees>,
  indexed: { attempts: AttemptIndex | null; watch: WatchIndex | null },
): Promise<Loaded<Reconciliation>> {
  if (trees.value === undefined) return { problem: `trees.json: ${trees.problem}` };
  try {
    const changes = diffTrees(trees.value.before.entries, trees.value.after.entries);
    const attempts =
      indexed.attempts ?? (await indexAttempts(parsedLines(join(artifacts, 'writes.jsonl'), WriteLine)));
    const watch = indexed.watch ?? (await indexWatch(parsedLines(join(artifacts, 'watch.jsonl'), WatchLine)));
    return { value: reconcile({ changes, attempts, watch }) };
  } catch (error) {
    return { problem: reason(error) };
  }
}

/** @throws where a line is not a record of this schema */
async function* parsedLines<T>(path: string, schema: LineSchema<T>): AsyncGenerator<T> {
  let line = 0;
  for await (const text of fileLines(path)) {
    line += 1;
    const parsed = schema.safeParse(JSON.parse(text));
    if (!parsed.success) throw new Error(`line ${line} breaks its schema`);
    yield parsed.data;
  }
}
