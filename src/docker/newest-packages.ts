/** Builds the images once without any pin, to learn which versions of its packages Debian has today. */
import type Docker from 'dockerode';
import { imageContents } from './image-contents.ts';
import { architectureOf, buildImages } from './images.ts';
import { lockedPackages, writeLock } from './package-lock.ts';

/**
 * The newest version of every package that the images need, by name in the order of names.
 * @throws ProofboxError `host` where the images cannot be built; the lock is then as it was
 */
export async function newestPackages(
  docker: Docker,
  onStep: (text: string) => void,
): Promise<{ architecture: string; packages: Record<string, string> }> {
  const architecture = await architectureOf(docker);
  const before = lockedPackages(architecture);
  await writeLock(architecture, null);
  try {
    const { digest } = await buildImages(docker, { force: true, onStep });
    const { debian, tools } = await imageContents(docker, digest);
    const versions = [...debian, ...tools].map(({ name, version }): [string, string] => [name, version]);
    return { architecture, packages: Object.fromEntries(versions.sort(([a], [b]) => (a < b ? -1 : 1))) };
  } finally {
    await writeLock(architecture, Object.keys(before.packages).length === 0 ? null : before);
  }
}
