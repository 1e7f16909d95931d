/** Which batch of the fleet a folder belongs to. Decided once; the same folder always joins the same batch again. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDocument } from '../contract/read.ts';
import { ProofboxError } from '../errors.ts';
import { FleetBatch } from '../schema/fleet.ts';

const FILE = 'fleet.json';

/**
 * @param out folder of the batch, which nobody else is at work in
 * @param asked a batch that was begun in another folder; undefined for this folder's own
 * @throws ProofboxError `invalid_input` where the folder belongs to another batch than the one asked for
 */
export async function joinedBatch(out: string, asked: string | undefined): Promise<string> {
  const file = join(out, FILE);
  if (existsSync(file)) {
    const { batch } = await readDocument(file, 'fleet file', FleetBatch);
    if (asked === undefined || asked === batch) return batch;
    throw new ProofboxError('invalid_input', `${out} belongs to batch ${batch}, not to ${asked}`, {
      fix: 'give --out another folder, or leave --join out',
    });
  }
  const given = FleetBatch.shape.batch.safeParse(asked ?? randomBytes(16).toString('hex'));
  if (!given.success)
    throw new ProofboxError('usage', `--join ${asked} is no name of a batch`, {
      fix: 'give the 32 hex digits that the batch was begun with; its fleet.json has them',
    });
  const document: FleetBatch = {
    schema: 'proofbox.fleet-batch/v1',
    batch: given.data,
    begun_at: new Date().toISOString(),
  };
  await writeFile(file, `${JSON.stringify(document, null, 2)}\n`, { flag: 'wx' });
  return given.data;
}
