/** Which version of each Debian package goes into our images: images/packages.lock.json. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProofboxError } from '../errors.ts';
import { jsonDocument } from '../evidence/json.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import * as z from '../schema/zod.ts';

export const LOCK_FILE = 'images/packages.lock.json';

const Locked = z.strictObject({
  /** no file of the image has a later time */
  as_of: z.iso.datetime(),
  /** version by name, Debian's own spelling of both */
  packages: z.record(z.string(), z.string()),
});
export type Locked = z.infer<typeof Locked>;

const PackageLock = z.strictObject({
  schema: z.literal('proofbox.packages-lock/v1'),
  architectures: z.record(z.string(), Locked),
});

/** What an architecture without an entry has: no package is pinned, every file is of 1970. */
const NOTHING_LOCKED: Locked = { as_of: '1970-01-01T00:00:00Z', packages: {} };

/**
 * The entry of one architecture (Docker's word for it).
 * @throws ProofboxError `host` where the file is broken
 */
export function lockedPackages(architecture: string, root = PACKAGE_ROOT): Locked {
  return read(root).architectures[architecture] ?? NOTHING_LOCKED;
}

/** Writes the entry of one architecture, and leaves the others; null takes it away. */
export async function writeLock(
  architecture: string,
  entry: Locked | null,
  root = PACKAGE_ROOT,
): Promise<string> {
  const lock = read(root);
  const { [architecture]: _, ...others } = lock.architectures;
  const architectures = entry === null ? others : { ...others, [architecture]: entry };
  await writeFile(join(root, LOCK_FILE), jsonDocument({ ...lock, architectures }));
  return LOCK_FILE;
}

function read(root: string): z.infer<typeof PackageLock> {
  try {
    return PackageLock.parse(JSON.parse(readFileSync(join(root, LOCK_FILE), 'utf8')));
  } catch (error) {
    throw new ProofboxError('host', `${LOCK_FILE} cannot be read`, {
      fix: `restore it with: git checkout ${LOCK_FILE}`,
      cause: error,
    });
  }
}

/**
 * Pins for apt (apt_preferences(5)). A version that the archive no longer has is passed over, so that an image can still
 * be built after a point release of Debian; the bill of materials says what came in its place.
 */
export function preferences({ packages }: Locked): string {
  return Object.entries(packages)
    .map(([name, version]) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
    .join('\n');
}
