/** Loads `proofbox.config.json`. Gates are never read from here. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Config } from '../schema/config.ts';
import { readDocument } from './read.ts';

/**
 * The configuration in `dir`, or the defaults where the file does not exist.
 * @throws ProofboxError `invalid_input` where the file exists and breaks the schema
 */
export async function loadConfig(dir: string): Promise<Config> {
  const path = join(dir, 'proofbox.config.json');
  const present = await lstat(path).catch(() => null);
  return present === null ? Config.parse({}) : readDocument(path, 'config', Config);
}
