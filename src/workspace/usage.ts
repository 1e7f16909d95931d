/**
 * Measures what a running cage has put on disk, for the limits. Reads no content, follows nothing, and stops
 * counting as soon as a limit is passed.
 */
import { pace } from '../witness/pace.ts';
import { TreeWalk } from '../witness/walk.ts';

export interface Usage {
  /** allocated on disk, each inode once; a hole costs nothing */
  bytes: number;
  /** files, folders, links and everything else */
  entries: number;
  /** more than one of the limits, or more than can be measured */
  exceeded: boolean;
}

/** What `stat` counts blocks in, whatever the file system's own block size. */
const BLOCK = 512;

/**
 * Measures several folders together. They may change meanwhile: what vanishes is not counted.
 * @throws the system's error where a folder is a link or cannot be read
 */
export async function measureUsage(
  folders: readonly string[],
  limits: { maxBytes: number; maxEntries: number },
): Promise<Usage> {
  const usage: Usage = { bytes: 0, entries: 0, exceeded: false };
  const linked = new Set<string>();
  const breathe = pace();
  for (const folder of folders) {
    const walk = new TreeWalk(folder, { maxEntries: limits.maxEntries + 1 - usage.entries });
    for (const step of walk.steps()) {
      if (step.at === 'leave' || step.stat === null) continue;
      const { stat } = step;
      const inode = stat.nlink > 1 && step.kind !== 'dir' ? `${stat.dev}:${stat.ino}` : null;
      usage.entries += 1;
      if (inode === null || !linked.has(inode)) usage.bytes += stat.blocks * BLOCK;
      if (inode !== null) linked.add(inode);
      usage.exceeded = usage.bytes > limits.maxBytes || usage.entries > limits.maxEntries;
      if (usage.exceeded) return usage;
      const rest = breathe();
      if (rest !== null) await rest;
    }
    // More names than the limit, or nested beyond any use: both are too much.
    if (walk.truncated) return { ...usage, exceeded: true };
  }
  return usage;
}
