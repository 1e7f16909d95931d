/** `proofbox image build` and `proofbox image prune`. */
import { connectDocker } from '../docker/connect.ts';
import { buildImages } from '../docker/images.ts';
import { newestPackages } from '../docker/newest-packages.ts';
import { writeLock } from '../docker/package-lock.ts';
import { pruneImages } from '../docker/prune.ts';
import { printJson, say } from './output.ts';

/** Builds what is missing and prints what there is. */
export async function imageBuild(options: {
  force?: boolean;
  locked?: boolean;
  json?: boolean;
}): Promise<void> {
  const { docker } = await connectDocker();
  const { force = false, locked = false } = options;
  const image = await buildImages(docker, { force, locked, onStep: say });
  if (options.json === true) printJson({ reference: image.reference, digest: image.digest });
  else say(`${image.reference} ${image.digest}`);
}

/** Builds the images from the newest packages there are, and writes their versions into the lock. */
export async function imageLock(): Promise<void> {
  const { docker } = await connectDocker();
  const { architecture, packages } = await newestPackages(docker, say);
  // A whole day, so that two people who lock the same versions on it write the same file.
  const as_of = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
  const file = await writeLock(architecture, { as_of, packages });
  say(`${Object.keys(packages).length} packages are locked in ${file}; type proofbox image build`);
}

/** Removes images of earlier inputs and prints which. */
export async function imagePrune(options: { json?: boolean }): Promise<void> {
  const { docker } = await connectDocker();
  const { removed, kept } = await pruneImages(docker);
  if (options.json === true) return printJson({ removed, kept });
  for (const tag of removed) say(`removed ${tag}`);
  for (const tag of kept) say(`kept ${tag}: a container or another image rests on it`);
  if (removed.length + kept.length === 0) say('there are no images of earlier inputs');
}
