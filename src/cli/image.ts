/** `proofbox image build` and `proofbox image prune`. */
import { connectDocker } from '../docker/connect.ts';
import { buildImages } from '../docker/images.ts';
import { pruneImages } from '../docker/prune.ts';
import { printJson, say } from './output.ts';

/** Builds what is missing and prints what there is. */
export async function imageBuild(options: { force?: boolean; json?: boolean }): Promise<void> {
  const { docker } = await connectDocker();
  const image = await buildImages(docker, { force: options.force === true, onStep: say });
  if (options.json === true) printJson({ reference: image.reference, digest: image.digest });
  else say(`${image.reference} ${image.digest}`);
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
