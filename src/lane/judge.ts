/** Writes the evidence, has it evaluated, and seals the bundle. The verdict itself is made in src/proofs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BundleFile, inventory } from '../evidence/inventory.ts';
import { jsonDocument, jsonLines } from '../evidence/json.ts';
import { place } from '../evidence/seal.ts';
import { evaluate } from '../proofs/index.ts';
import { renderMarkdown } from '../report/markdown.ts';
import type { CageDocument } from '../schema/cage.ts';
import type { Digests, ForbiddenDocument, Report } from '../schema/report.ts';
import type { Trees } from '../schema/tree.ts';
import { testLog } from './collect.ts';
import type { RunContext } from './context.ts';
import { contractText } from './contract-text.ts';
import type { EngineOutcome } from './engine-cage.ts';
import type { Documents, JudgeInput } from './findings.ts';
import { loadEvidence } from './load-evidence.ts';
import { assembleReport } from './report.ts';

/** Writes every document, evaluates, writes report and digests. The container is gone by now. */
export async function judge(input: JudgeInput): Promise<Report> {
  const { context } = input;
  const { artifacts } = context.paths;
  const documents: Documents = {
    cage: cageDocument(input),
    trees: treesDocument(input),
    forbidden: await forbiddenDocument(input),
  };
  await writeEvidence(input, documents);
  const files = await inventory(artifacts);
  const finished = context.clock.now();
  const evidence = await loadEvidence(artifacts, {
    files,
    changes: input.collected.changes,
    verification: { before: input.tests.before?.run ?? null, after: input.tests.after?.run ?? null },
    forbiddenPaths: input.guard.paths,
    run: {
      phase: 'live',
      run_id: context.contract.run_id,
      nonce: context.contract.nonce,
      started_at: new Date(context.clock.startedAt).toISOString(),
      finished_at: finished.at,
      wall_ms: finished.t_ms,
      interrupted: context.signal.aborted,
      artifact_dir_was_empty: input.artifactDirWasEmpty,
      forged: input.collected.planted,
      backend_complete: isBackendComplete(input.outcome),
      image_digest: context.image.digest,
      binds: { workspace: context.paths.workspace, artifacts },
      host_namespaces: context.hostNamespaces,
    },
  });
  const report = assembleReport(input, documents, evidence, evaluate(evidence));
  await seal(context, report, files);
  return report;
}

/** report.json, report.md, trace.jsonl and, over all of it, digests.json. */
async function seal(context: RunContext, report: Report, files: Map<string, BundleFile>): Promise<void> {
  await put(context, 'trace.jsonl', `${context.trace.lines(report.status).join('\n')}\n`);
  await put(context, 'report.json', jsonDocument(report));
  await put(context, 'report.md', renderMarkdown(report));
  const now = await inventory(context.paths.artifacts);
  const listed: Digests['files'] = {};
  for (const [path, file] of now) {
    const known = files.get(path);
    // Nothing runs any more, so a file that changed since the verdict is a defect worth stopping for.
    if (known !== undefined && known.digest !== file.digest)
      throw new Error(`${path} changed while the bundle was sealed`);
    listed[path] = { kind: file.kind, digest: file.digest, size: file.size };
  }
  await put(
    context,
    'digests.json',
    jsonDocument({ schema: 'proofbox.digests/v1', nonce: report.nonce, files: listed }),
  );
}

async function writeEvidence(input: JudgeInput, documents: Documents): Promise<void> {
  const { context, collected, outcome, tests } = input;
  const { artifacts } = context.paths;
  await place(collected.patchFile, artifacts, 'patch.diff');
  await place(outcome.files.writes, artifacts, 'writes.jsonl');
  await place(outcome.files.programs, artifacts, 'processes.jsonl');
  await place(outcome.watchFile, artifacts, 'watch.jsonl');
  await put(context, 'contract.json', contractText(context.contract));
  await put(context, 'events.normalized.jsonl', jsonLines(context.events.events));
  await put(context, 'cage.json', jsonDocument(documents.cage));
  await put(context, 'trees.json', jsonDocument(documents.trees));
  await put(context, 'forbidden.json', jsonDocument(documents.forbidden));
  const runs = [
    ...(tests.before === null ? [] : [{ title: 'tests before the engine', ...tests.before.files }]),
    ...(tests.after === null ? [] : [{ title: 'tests after the engine', ...tests.after.files }]),
  ];
  await put(context, 'test.log', await testLog(runs));
}

async function put(context: RunContext, name: string, text: string): Promise<void> {
  const draft = join(context.paths.spool, `put.${name}`);
  await writeFile(draft, text, { flag: 'wx' });
  await place(draft, context.paths.artifacts, name);
}

function cageDocument({ context, request, outcome, tests }: JudgeInput): CageDocument {
  return {
    schema: 'proofbox.cage/v1',
    nonce: context.contract.nonce,
    versions: request.versions,
    problem: outcome.problem,
    engine: outcome.cage,
    verification: { before: tests.before?.cage ?? null, after: tests.after?.cage ?? null },
  };
}

function treesDocument({ context, before, collected }: JudgeInput): Trees {
  return {
    schema: 'proofbox.trees/v1',
    nonce: context.contract.nonce,
    before: { digest: before.digest, entries: before.entries },
    after: {
      digest: collected.after.digest,
      entries: collected.after.entries,
      truncated: collected.after.truncated,
    },
  };
}

function forbiddenDocument(input: JudgeInput): Promise<ForbiddenDocument> {
  const { context, request, plan, outcome, guard } = input;
  const cage = outcome.cage;
  const places = {
    contract: contractText(context.contract),
    argv: JSON.stringify(plan.argv),
    environment: JSON.stringify({ planned: plan.env, seen: cage?.seen?.env ?? null }),
    inputs: JSON.stringify(plan.inputs),
    config: request.configText,
    image_config: JSON.stringify(context.image.config),
    binds: JSON.stringify([context.paths.workspace, context.paths.artifacts]),
  };
  return guard.finish(places, input.pristine);
}

function isBackendComplete(outcome: EngineOutcome): boolean {
  const { cage } = outcome;
  return (
    cage?.end !== null &&
    cage?.end !== undefined &&
    cage.stream.complete &&
    cage.exit.stop_reason !== 'output_limit'
  );
}
