/** Removes images of earlier inputs, so that a changed recorder does not cost half a gigabyte for ever. */
import type Docker from 'dockerode';
import { PACKAGE_ROOT } from '../package-root.ts';
import { BASE_LABEL } from './base-image.ts';
import { SANDBOX_LABEL } from './derived-image.ts';
import { architectureOf } from './images.ts';
import { baseReference, sandboxReference } from './inputs.ts';

const OURS = /^proofbox-(?:base|sandbox|case|tools):[0-9a-f]{16}$/;

export interface Pruned {
  /** tags that were removed */
  removed: string[];
  /** tags that a container still uses */
  kept: string[];
}

/**
 * Removes our images that the files as they are now do not name, and the untagged stages of our builds. Another
 * checkout with other inputs builds its image again when it needs it.
 * @param isOurs which tags may go at all
 * @throws the container engine's error where it cannot list or remove
 */
export async function pruneImages(docker: Docker, isOurs = OURS): Promise<Pruned> {
  const sandbox = await sandboxReference(PACKAGE_ROOT, await architectureOf(docker));
  const current = new Set([baseReference(), sandbox]);
  const images = await docker.listImages();
  // What was built on the current sandbox stays.
  for (const { RepoTags, Labels } of images)
    if (Labels?.[SANDBOX_LABEL] === sandbox) for (const tag of RepoTags ?? []) current.add(tag);
  const tags = images.flatMap(({ RepoTags }) => RepoTags ?? []);
  const pruned: Pruned = { removed: [], kept: [] };
  // From the top down: an image with children cannot go.
  for (const tag of tags
    .filter((one) => isOurs.test(one) && !current.has(one))
    .sort((a, b) => rank(b) - rank(a))) {
    const outcome = await docker
      .getImage(tag)
      .remove()
      .then(() => 'removed' as const)
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode === 404) return 'removed' as const;
        if (error.statusCode === 409) return 'kept' as const;
        throw error;
      });
    pruned[outcome].push(tag);
  }
  // A build that is going on right now has stages without a name, too.
  await docker.pruneImages({ filters: { dangling: ['true'], label: [BASE_LABEL], until: ['1h'] } });
  return pruned;
}

function rank(tag: string): number {
  const at = ['proofbox-base', 'proofbox-sandbox'].indexOf(tag.split(':')[0] ?? '');
  return at === -1 ? 2 : at;
}
