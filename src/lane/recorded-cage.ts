/** Runs one cage with all its streams kept in spool files. */
import { join } from 'node:path';
import { type CageOptions, type EndedCage, runCage } from '../cage/run.ts';
import type { CageRequest } from '../cage/spec.ts';
import type { Docker } from '../docker/connect.ts';
import { openSpool } from '../evidence/spool.ts';

/** The spool files of one cage. */
export interface CageSpool {
  writes: string;
  programs: string;
  stdout: string;
  stderr: string;
}

/** Live counts for whoever watches. */
export interface LiveCounts {
  allowed: number;
  denied: number;
}

const DENIED = Buffer.from('"verdict":"denied"');

/** Names of a cage's spool files. */
export function cageSpool(spoolDir: string, role: CageRequest['role']): CageSpool {
  const at = (name: string) => join(spoolDir, `${role}.${name}`);
  return {
    writes: at('writes.jsonl'),
    programs: at('processes.jsonl'),
    stdout: at('stdout.log'),
    stderr: at('stderr.log'),
  };
}

/**
 * Runs the cage and keeps its streams; the files exist and are closed when this returns or throws.
 * @throws what runCage throws, or the disk's error
 */
export async function runRecordedCage(
  docker: Docker,
  request: CageRequest,
  options: Omit<CageOptions, 'sinks'>,
  files: CageSpool,
  onCounts: (counts: LiveCounts) => void = () => undefined,
): Promise<EndedCage> {
  const [writes, programs, stdout, stderr] = await Promise.all([
    openSpool(files.writes),
    openSpool(files.programs),
    openSpool(files.stdout),
    openSpool(files.stderr),
  ]);
  const counts: LiveCounts = { allowed: 0, denied: 0 };
  const sinks = {
    async writes(lines: Buffer) {
      const total = occurrences(lines, '\n');
      const denied = occurrences(lines, DENIED);
      counts.allowed += total - denied;
      counts.denied += denied;
      onCounts(counts);
      await writes.append(lines);
    },
    programs: (lines: Buffer) => programs.append(lines),
    stdout: (bytes: Buffer) => stdout.append(bytes),
    stderr: (bytes: Buffer) => stderr.append(bytes),
  };
  try {
    return await runCage(docker, request, { ...options, sinks });
  } finally {
    await Promise.all([writes.close(), programs.close(), stdout.close(), stderr.close()]);
  }
}

/** For the display only: the proofs count by reading every record. */
function occurrences(bytes: Buffer, needle: Buffer | string): number {
  let count = 0;
  for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + 1)) count += 1;
  return count;
}
