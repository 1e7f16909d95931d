/** Which runs a manifest asks for, and how each is named. Pure. */
import { basename } from 'node:path';
import { ProofboxError } from '../errors.ts';
import { jsonDocument } from '../evidence/json.ts';
import type { BatchEngine, BatchManifest } from '../schema/batch.ts';
import type { Digest } from '../schema/common.ts';
import { digestBytes } from '../witness/content.ts';

/** One run that is asked for. */
export interface PlannedRun {
  /** name of its folder, and what the log knows it by */
  key: string;
  fixture: string;
  engine: BatchEngine;
  /** from 1 */
  repeat: number;
}

/**
 * Every run in the order in which they are started: once round all cells, then again, so that a batch that is stopped
 * has tried each of them.
 * @throws ProofboxError `invalid_input` where two cells would have one name
 */
export function planRuns({ fixtures, engines, repeats }: BatchManifest): PlannedRun[] {
  const cells = fixtures.flatMap((fixture) => engines.map((engine) => ({ fixture, engine })));
  const names = cells.map(({ fixture, engine }) => `${nameOf(fixture)}.${engine.id}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new ProofboxError(
      'invalid_input',
      `two runs of the manifest would both be called ${JSON.stringify(twice)}`,
      {
        fix: 'give each fixture folder and each engine a name of its own',
      },
    );
  const runs: PlannedRun[] = [];
  for (let repeat = 1; repeat <= repeats; repeat += 1)
    for (const [index, cell] of cells.entries())
      runs.push({ ...cell, repeat, key: `${names[index]}.${repeat}` });
  return runs;
}

/** The last part of a path, as a part of a folder's name. */
function nameOf(fixture: string): string {
  return basename(fixture).replaceAll(/[^A-Za-z0-9_-]/g, '_') || 'fixture';
}

/** By it a batch that is resumed knows that it is the same. */
export function manifestDigest(manifest: BatchManifest): Digest {
  // How many at once, what they share and when to stop may change from one try to the next.
  const { concurrency: _, on_failure: __, tests_before: ___, ...work } = manifest;
  return digestBytes(Buffer.from(jsonDocument(work)));
}
