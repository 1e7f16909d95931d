/** Writes the evidence and has it completed. The verdict itself is made in src/proofs. */
import { join } from 'node:path';
import { contractText } from '../evidence/contract-text.ts';
import { jsonDocument, jsonLines } from '../evidence/json.ts';
import { place } from '../evidence/seal.ts';
import { SBOM_FILE, TESTS_SOURCE_DIR } from '../proofs/evidence.ts';
import type { CageDocument } from '../schema/cage.ts';
import type { ForbiddenDocument, Report } from '../schema/report.ts';
import type { Trees } from '../schema/tree.ts';
import { completeBundle, put } from './bundle.ts';
import { testLog } from './collect.ts';
import type { Documents, JudgeInput } from './findings.ts';
import { runDocument } from './run-document.ts';

/** Writes every document and completes the bundle. The container is gone by now. */
export async function judge(input: JudgeInput): Promise<Report> {
  const { context, request } = input;
  await writeEvidence(input, {
    cage: await cageDocument(input),
    trees: treesDocument(input),
    forbidden: await forbiddenDocument(input),
  });
  return completeBundle({
    paths: context.paths,
    runDocument: (files) =>
      runDocument(
        context.state.current,
        context.paths,
        {
          finished: context.clock.now(),
          interrupted: context.signal.aborted,
          forged: input.collected.planted,
          baseline: input.baseline,
          provider_requests: input.traffic?.requests ?? null,
          tests_before: input.reused?.named ?? null,
          signer: request.signingKey?.signer ?? null,
        },
        files,
      ),
    trace: context.trace,
    signingKey: request.signingKey,
  });
}

async function writeEvidence(input: JudgeInput, documents: Documents): Promise<void> {
  const { context, collected, outcome, tests } = input;
  const { artifacts } = context.paths;
  await place(collected.patchFile, artifacts, 'patch.diff');
  await place(outcome.files.writes, artifacts, 'writes.jsonl');
  await place(outcome.files.programs, artifacts, 'processes.jsonl');
  await place(outcome.watchFile, artifacts, 'watch.jsonl');
  await place(join(context.paths.spool, SBOM_FILE), artifacts, SBOM_FILE);
  if (input.traffic !== null) await place(input.traffic.file, artifacts, 'provider.jsonl');
  await put(context.paths, 'contract.json', contractText(context.contract));
  await put(context.paths, 'events.normalized.jsonl', jsonLines(context.events.events));
  await put(context.paths, 'cage.json', jsonDocument(documents.cage));
  await put(context.paths, 'trees.json', jsonDocument(documents.trees));
  await put(context.paths, 'forbidden.json', jsonDocument(documents.forbidden));
  await input.reused?.place(artifacts);
  const runs = [
    { title: 'tests before the engine', files: tests.before?.files ?? null, elsewhere: elsewhere(input) },
    { title: 'tests after the engine', files: tests.after?.files ?? null, elsewhere: null },
  ];
  await put(context.paths, 'test.log', testLog(runs));
}

/** Where the output of the tests before lies that another run made. */
function elsewhere({ reused }: JudgeInput): string | null {
  return reused === null ? null : `of run ${reused.named.run_id}, in ${TESTS_SOURCE_DIR}/test.log`;
}

/** Waits for what is left of the containers. */
async function cageDocument({ context, request, outcome, tests, reused }: JudgeInput): Promise<CageDocument> {
  const [engine, before, after] = await Promise.all([
    outcome.whole,
    tests.before?.whole ?? reused?.record ?? null,
    tests.after?.whole ?? null,
  ]);
  return {
    schema: 'proofbox.cage/v1',
    nonce: context.contract.nonce,
    versions: request.versions,
    problem: outcome.problem,
    engine,
    verification: { before, after },
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
