/** `proofbox image build`. */
import { connectDocker } from '../docker/connect.ts';
import { buildImages } from '../docker/images.ts';
import { printJson, say } from './output.ts';

/** Builds what is missing and prints what there is. */
export async function imageBuild(options: { force?: boolean; json?: boolean }): Promise<void> {
  const { docker } = await connectDocker();
  const image = await buildImages(docker, { force: options.force === true, onStep: say });
  if (options.json === true) printJson({ reference: image.reference, digest: image.digest });
  else say(`${image.reference} ${image.digest}`);
}
