/**
 * Whether the files of a bundle were written within the run, by the times that the harness saw before its verdict.
 * They are noted in run.json, because a bundle that is copied gets new ones.
 */
import { type Evidence, type FileFacts, RUN_FILE } from './evidence.ts';
import type { Finding } from './outcome.ts';
import { isInRun } from './window.ts';

/** Left by the engine, which may give a file any mtime it likes; the ctime is the kernel's alone. */
const ENGINE_FOLDER = /^(?:backend|inputs)\//;
const HARNESS_LOGS = ['backend/stdout.log', 'backend/stderr.log'];

/** Every file that is older than the run or newer than its end. */
export function freshFiles(evidence: Evidence): Finding[] {
  if (evidence.files.size === 0)
    return [{ code: 'evidence_incomplete', message: 'the bundle holds no file' }];
  return [...evidence.files].flatMap(([file, facts]): Finding[] => {
    // It says itself when the run ended, and so is written after that.
    if (file === RUN_FILE) return [];
    const times = timesOf(file, facts);
    if (times.every((time) => time !== null && isInRun(evidence.run, time))) return [];
    const message = `${JSON.stringify(file).slice(1, -1)} was not written within the run`;
    return [{ code: 'evidence_incomplete', message, place: { file } }];
  });
}

function timesOf(file: string, { ctime_ms, mtime_ms }: FileFacts): (number | null)[] {
  const isEngines = ENGINE_FOLDER.test(file) && !HARNESS_LOGS.includes(file);
  return isEngines ? [ctime_ms] : [ctime_ms, mtime_ms];
}
