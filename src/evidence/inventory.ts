/** Lists and digests every file of a bundle. Reads only regular files, follows nothing. */
import { lstat } from 'node:fs/promises';
import type { Digest } from '../schema/common.ts';
import type { InventoryKind } from '../schema/report.ts';
import { encodeBytes } from '../witness/bytes.ts';
import { digestTree } from '../witness/tree.ts';
import { UNBOUNDED } from '../witness/walk.ts';

/** One entry of the bundle that is no folder. Times in milliseconds since 1970. */
export interface BundleFile {
  kind: InventoryKind;
  digest: Digest | null;
  size: number;
  mtime_ms: number;
  ctime_ms: number;
}

/**
 * Every entry under `artifacts` but folders, by its path relative to it (PEP 383).
 * @param limits above them a file is listed without a digest
 */
export async function inventory(
  artifacts: string,
  limits: { maxEntries: number; maxBytes: number } = UNBOUNDED,
): Promise<Map<string, BundleFile>> {
  const files = new Map<string, BundleFile>();
  const tree = await digestTree(artifacts, limits);
  for (const entry of tree.entries) {
    if (entry.kind === 'dir') continue;
    const stat = await lstat(Buffer.concat([Buffer.from(`${artifacts}/`), encodeBytes(entry.path)])).catch(
      () => null,
    );
    files.set(entry.path, {
      kind: entry.kind,
      digest: entry.digest as Digest | null,
      size: entry.size,
      mtime_ms: stat?.mtimeMs ?? 0,
      ctime_ms: stat?.ctimeMs ?? 0,
    });
  }
  return files;
}
