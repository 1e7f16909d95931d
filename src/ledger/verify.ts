/** Whether a ledger is whole, and every run in it still is what was entered. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProofboxError } from '../errors.ts';
import type { LedgerEntry } from '../schema/ledger.ts';
import { type Chain, lineDigest, readChain } from './chain.ts';

export interface LedgerVerification {
  holds: boolean;
  chain: Chain;
  problems: string[];
}

/**
 * Reads the ledger and the digests of every run it names, not the files behind them: that is `proofbox verify`.
 * @param head the digest of a line that must stand in it, as noted at an earlier time; null where nobody noted one
 * @throws ProofboxError `invalid_input` where there is no ledger
 */
export async function verifyLedger(file: string, head: string | null): Promise<LedgerVerification> {
  const stat = await lstat(file).catch(() => null);
  if (!stat?.isFile())
    throw new ProofboxError('invalid_input', `there is no ledger ${file}`, {
      fix: 'run something first, or name another with --ledger',
    });
  const chain = readChain(await readFile(file, 'utf8'));
  const folder = dirname(file);
  const problems = [...chain.problems];
  if (head !== null && !chain.digests.some((digest) => digest === head))
    problems.push(`the line ${head} is gone: the end of the ledger was cut off or written anew`);
  for (const entry of chain.entries) problems.push(...(await runProblems(folder, entry)));
  problems.push(...(await unentered(folder, chain)));
  return { holds: problems.length === 0, chain, problems };
}

async function runProblems(folder: string, entry: LedgerEntry): Promise<string[]> {
  const text = await readFile(join(folder, entry.directory, 'artifacts/digests.json'), 'utf8').catch(
    () => null,
  );
  if (text === null) return [`run ${entry.run_id} was removed from ${JSON.stringify(entry.directory)}`];
  return lineDigest(text) === entry.bundle ? [] : [`run ${entry.run_id} was altered after it was entered`];
}

/** Sealed runs beside the ledger that it does not name. */
async function unentered(folder: string, chain: Chain): Promise<string[]> {
  const known = new Set(chain.entries.map(({ directory }) => directory));
  const problems: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (known.has(name)) continue;
    const sealed = await lstat(join(folder, name, 'artifacts/digests.json')).catch(() => null);
    if (sealed !== null)
      problems.push(
        `the sealed run ${JSON.stringify(name)} was never entered; proofbox ledger add enters it`,
      );
  }
  return problems;
}
