/** Lets git write the difference of the two imported trees, within a time and a size. Never leaves half a patch. */
import { createWriteStream } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gitCommand, gitFailed } from './git.ts';
import type { Trees } from './patch-import.ts';

/** Text larger than this is shown as binary: comparing lines costs a hundred times its size in memory. */
const TEXT_LIMIT = '1m';

const ARGUMENTS = [
  '-c',
  `core.bigFileThreshold=${TEXT_LIMIT}`,
  'diff-tree',
  '-r',
  '--patch',
  '--binary',
  '--full-index',
  '--no-renames',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--no-indent-heuristic',
  '--diff-algorithm=myers',
  '--unified=3',
  '--inter-hunk-context=0',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--end-of-options',
];

class TooLarge extends Error {}

/**
 * Writes the patch to `out`, which exists and is empty.
 * @returns its size, or why it is empty
 * @throws ProofboxError `host` where git fails
 */
export async function writePatch(
  repository: string,
  trees: Trees,
  out: string,
  limits: { maxBytes: number; timeoutMs: number },
): Promise<{ bytes: number; problem: string | null }> {
  const { file, args, options } = gitCommand({ repository }, [...ARGUMENTS, trees.before, trees.after]);
  const { execa } = await import('execa');
  const child = execa(file, args, {
    ...options,
    stdin: 'ignore',
    buffer: { stdout: false, stderr: true },
    maxBuffer: 1 << 20,
    timeout: limits.timeoutMs,
    killSignal: 'SIGKILL',
    reject: false,
  });
  let bytes = 0;
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > limits.maxBytes ? new TooLarge() : null, chunk);
    },
  });
  const copied = pipeline(child.stdout, bounded, createWriteStream(out, { flags: 'r+' })).then(
    () => null,
    (error: unknown) => {
      child.kill('SIGKILL');
      return error;
    },
  );
  const [failure, result] = await Promise.all([copied, child]);
  if (failure === null && !result.failed) return { bytes, problem: null };
  await truncate(out, 0);
  if (failure instanceof TooLarge)
    return { bytes: 0, problem: `the patch is larger than ${limits.maxBytes} bytes` };
  if (result.timedOut)
    return { bytes: 0, problem: `git took longer than ${limits.timeoutMs} ms to write the patch` };
  throw gitFailed(
    'diff-tree',
    result.stderr || String(failure ?? result.shortMessage ?? ''),
    failure ?? result.cause,
  );
}
