/** Enters a sealed run in a ledger. Safe beside other runs and under a kill at any moment. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { lock } from 'proper-lockfile';
import { ProofboxError } from '../errors.ts';
import type { LedgerEntry } from '../schema/ledger.ts';
import { Report } from '../schema/report.ts';
import { RunDocument } from '../schema/run.ts';
import { lineDigest, readChain } from './chain.ts';

/** A lock whose owner was killed is taken over after this long. */
const STALE_MS = 5000;

/** Appends one line; whoever else enters a run waits.
 * @param file absolute path of the ledger; made where there is none
 * @param runDirectory absolute path of a sealed run
 * @throws ProofboxError `host` where the ledger is broken, a link, or cannot be written; the run itself stays as it is
 */
export async function enterRun(file: string, runDirectory: string): Promise<LedgerEntry> {
  const facts = await runFacts(file, runDirectory);
  await mkdir(dirname(file), { recursive: true });
  const ledger = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644).catch(
    (cause: Error) => {
      throw unwritable(file, cause.message, cause);
    },
  );
  try {
    const release = await lock(file, {
      stale: STALE_MS,
      retries: { retries: 200, minTimeout: 20, maxTimeout: 500 },
    });
    try {
      return await append(file, ledger, facts);
    } finally {
      await release();
    }
  } catch (error) {
    throw error instanceof ProofboxError ? error : unwritable(file, (error as Error).message, error);
  } finally {
    await ledger.close();
  }
}

type Facts = Pick<LedgerEntry, 'run_id' | 'status' | 'directory' | 'bundle' | 'signer'>;

/** Where a ledger ends. */
interface End {
  /** bytes of its whole lines */
  size: number;
  entries: number;
  /** the last of them; null where there is none */
  line: string | null;
}

/**
 * The end of each ledger as this process has left it. While it is still that, all that stands before was read already: a
 * batch of thousands would otherwise read as many lines for every run.
 */
const left = new Map<string, End>();

async function append(file: string, ledger: FileHandle, facts: Facts): Promise<LedgerEntry> {
  const known = left.get(file);
  const end =
    known !== undefined && (await isStill(ledger, known)) ? known : await readToTheEnd(file, ledger);
  const entry: LedgerEntry = {
    schema: 'proofbox.ledger/v1',
    seq: end.entries + 1,
    previous: end.line === null ? null : lineDigest(end.line),
    at: new Date().toISOString(),
    ...facts,
  };
  const line = JSON.stringify(entry);
  const bytes = Buffer.from(`${line}\n`);
  const { bytesWritten } = await ledger.write(bytes, 0, bytes.length, end.size);
  if (bytesWritten !== bytes.length) throw new Error('the disk took only part of the line');
  await ledger.sync();
  left.set(file, { size: end.size + bytes.length, entries: entry.seq, line });
  return entry;
}

async function isStill(ledger: FileHandle, { size, line }: End): Promise<boolean> {
  if ((await ledger.stat()).size !== size) return false;
  const expected = Buffer.from(`${line}\n`);
  const found = Buffer.alloc(expected.length);
  await ledger.read(found, 0, found.length, size - found.length);
  return found.equals(expected);
}

/** @throws ProofboxError `host` where it is broken */
async function readToTheEnd(file: string, ledger: FileHandle): Promise<End> {
  const text = await ledger.readFile('utf8');
  // What a kill cut short was never entered: its run says so in no other place, and the chain goes on before it.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const { entries, problems } = readChain(whole);
  if (problems.length > 0)
    throw new ProofboxError('host', `the ledger ${file} is broken: ${problems[0]}`, {
      fix: 'keep it for whoever looks into it, and move it away; the next run begins a new one',
    });
  const size = Buffer.byteLength(whole);
  if (whole !== text) await ledger.truncate(size);
  return { size, entries: entries.length, line: whole.split('\n').at(-2) ?? null };
}

async function runFacts(file: string, runDirectory: string): Promise<Facts> {
  const artifacts = join(runDirectory, 'artifacts');
  const read = (name: string) => readFile(join(artifacts, name), 'utf8');
  try {
    const { run_id, status } = Report.parse(JSON.parse(await read('report.json')));
    const { signer } = RunDocument.parse(JSON.parse(await read('run.json')));
    const bundle = lineDigest(await read('digests.json'));
    return {
      run_id,
      status,
      directory: relative(dirname(file), runDirectory),
      bundle,
      signer: signer?.keyid ?? null,
    };
  } catch (cause) {
    throw new ProofboxError(
      'invalid_input',
      `${runDirectory} holds no sealed run (${(cause as Error).message.split('\n')[0]})`,
      {
        fix: 'give a run directory with artifacts/digests.json in it',
        cause,
      },
    );
  }
}

function unwritable(file: string, why: string, cause: unknown): ProofboxError {
  return new ProofboxError('host', `the run is sealed, but the ledger ${file} cannot be written (${why})`, {
    fix: 'mend the cause, then type: proofbox ledger add RUN_DIR',
    cause,
  });
}
