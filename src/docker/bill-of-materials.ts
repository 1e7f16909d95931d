/** The bill of materials of an image, made once for each image id and kept in the cache. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { jsonDocument } from '../evidence/json.ts';
import { asSbom, type Sbom } from '../schema/sbom.ts';
import { cacheDir } from './cache.ts';
import type { SandboxImage } from './images.ts';

/** An image and what it is made of. */
export type BilledImage = SandboxImage & { bill: Sbom };

/**
 * Adds its bill of materials to an image.
 * @throws the container engine's error where it has to be read from the image and cannot
 */
export async function withBill(docker: Docker, image: SandboxImage): Promise<BilledImage> {
  const folder = join(cacheDir(), 'sbom');
  // Begins with the form's number: a bill that an earlier version made is made again.
  const file = join(folder, `1-${image.digest.replace(':', '-')}.json`);
  const kept = await readKept(file);
  if (kept !== null) return { ...image, bill: kept };
  const { makeBill } = await import('./make-bill.ts');
  const bill = await makeBill(docker, image);
  // A cache that cannot be written costs a second on every run, and nothing else.
  const draft = `${file}.${process.pid}`;
  await mkdir(folder, { recursive: true })
    .then(() => writeFile(draft, jsonDocument(bill)))
    .then(() => rename(draft, file))
    .catch(() => undefined);
  return { ...image, bill };
}

async function readKept(file: string): Promise<Sbom | null> {
  try {
    return asSbom(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}
