/** Loads what a bundle holds of the run that its tests on the untouched fixture come from. */
import { join } from 'node:path';
import type { TestsSourceDocuments } from '../proofs/evidence.ts';
import { CageDocument } from '../schema/cage.ts';
import { Contract } from '../schema/contract.ts';
import { Digests } from '../schema/report.ts';
import { RunDocument } from '../schema/run.ts';
import { loadDocument } from './load-document.ts';

/** @param folder that holds them under the names they have in a bundle */
export async function loadTestsSource(folder: string): Promise<TestsSourceDocuments> {
  return {
    digests: await loadDocument(join(folder, 'digests.json'), Digests),
    run: await loadDocument(join(folder, 'run.json'), RunDocument),
    contract: await loadDocument(join(folder, 'contract.json'), Contract),
    cage: await loadDocument(join(folder, 'cage.json'), CageDocument),
  };
}
