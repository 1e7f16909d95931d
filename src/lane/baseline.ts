/** The fake lane of the same run: what the engine under review is compared with. An ordinary run in a folder of its own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeEngine } from '../engines/fake.ts';
import { BASELINE_DIR } from '../evidence/layout.ts';
import type { BaselineSummary } from '../schema/baseline.ts';
import { summarizeBaseline } from '../verdict/baseline.ts';
import { digestBytes } from '../witness/content.ts';
import type { RunContext } from './context.ts';
import { SILENT } from './progress.ts';
import type { RunRequest, RunResult } from './request.ts';

/** The request of the fake lane: the same fixture, contract and limits, a copy of its own, the sandbox image. */
export function baselineRequest(
  request: RunRequest,
  image: NonNullable<RunRequest['baselineImage']>,
  context: RunContext,
): RunRequest {
  return {
    ...request,
    engine: fakeEngine,
    image,
    // What the engine's name alone would set differently.
    contractFile: { ...request.contractFile, denied_writes: context.contract.denied_writes },
    commandArgv: [],
    provider: null,
    candidate: null,
    tools: null,
    baselineImage: null,
    testsBefore: null,
    gates: {},
    stage1: null,
    out: join(context.paths.root, BASELINE_DIR),
    progress: SILENT,
  };
}

/** What the finished fake lane came to. */
export async function baselineSummary({ report, directory }: RunResult): Promise<BaselineSummary> {
  return summarizeBaseline(report, digestBytes(await readFile(join(directory, 'artifacts/digests.json'))));
}
