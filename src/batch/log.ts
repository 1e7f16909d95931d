/** What has been done of a batch: one line a run, appended and synced, so that a kill loses no finished run. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { ProofboxError } from '../errors.ts';
import { BatchHead, BatchRun } from '../schema/batch.ts';

export class BatchLog {
  private constructor(private readonly file: FileHandle) {}

  /**
   * Opens the log of a batch, or begins one.
   * @returns the log, and every run that it says is over, the last word on each
   * @throws ProofboxError `invalid_input` where the log is of another manifest or is none
   */
  static async open(path: string, head: BatchHead): Promise<{ log: BatchLog; done: Map<string, BatchRun> }> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    // A line that a kill cut short was never said.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const done = whole === '' ? new Map<string, BatchRun>() : readLines(path, whole, head);
    const file = await open(path, 'a+');
    if (whole !== text) await file.truncate(Buffer.byteLength(whole));
    const log = new BatchLog(file);
    if (whole === '') await log.#write(head);
    return { log, done };
  }

  async add(run: BatchRun): Promise<void> {
    await this.#write(run);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  async #write(line: unknown): Promise<void> {
    await this.file.appendFile(`${JSON.stringify(line)}\n`);
    await this.file.datasync();
  }
}

function readLines(path: string, text: string, asked: BatchHead): Map<string, BatchRun> {
  const [first = '', ...rest] = text.trimEnd().split('\n');
  const head = BatchHead.safeParse(parsed(first));
  if (!head.success) throw unusable(`${path} is no log of a batch`);
  if (head.data.manifest !== asked.manifest) throw unusable(`${path} is the log of another manifest`);
  const done = new Map<string, BatchRun>();
  for (const [index, line] of rest.entries()) {
    const run = BatchRun.safeParse(parsed(line));
    if (!run.success) throw unusable(`line ${index + 2} of ${path} is no run`);
    done.set(run.data.key, run.data);
  }
  return done;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function unusable(what: string): ProofboxError {
  return new ProofboxError('invalid_input', what, {
    fix: 'give --out another folder, or the manifest that this batch was begun with',
  });
}
