/** What a run of the engine `case` needs beyond a sandbox: its source and the image that is made of it. */
import { readSource } from '../candidate/source.ts';
import { type BilledImage, withBill } from '../docker/bill-of-materials.ts';
import { caseImage } from '../docker/case-image.ts';
import type { Docker } from '../docker/connect.ts';
import type { SandboxImage } from '../docker/images.ts';
import { DEFAULT_CASE } from '../engines/case.ts';
import { ProofboxError } from '../errors.ts';
import type { RunRequest } from '../lane/request.ts';
import type { Config } from '../schema/config.ts';
import { say } from './output.ts';

/**
 * Finds or builds the image of the last commit of the source.
 * @throws ProofboxError `host` where no source is configured, it is no checkout, or its image cannot be built
 */
export async function prepareCase(
  docker: Docker,
  sandbox: SandboxImage,
  sourcePath: string | undefined,
  { model = DEFAULT_CASE.model, api, profile }: Config['case'],
): Promise<{ image: BilledImage; candidate: NonNullable<RunRequest['candidate']> }> {
  if (sourcePath === undefined) {
    throw new ProofboxError('host', 'no source of Case is configured', {
      fix: 'give --case-source a git checkout of Case, or name one in proofbox.config.json as {"case": {"source": …}}',
    });
  }
  const { candidate, ...image } = await caseImage(docker, await readSource(sourcePath), sandbox, say);
  return {
    image: await withBill(docker, image),
    candidate: { facts: candidate, settings: { model, api, profile } },
  };
}
