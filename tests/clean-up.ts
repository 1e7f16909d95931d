/** Images that tests had made are gone when the last one has ended; those that were there before stay. */
import Docker from 'dockerode';
import { BASE_LABEL } from '../src/docker/base-image.ts';

const DERIVED = /^proofbox-(?:case|tools):/;

async function derivedTags(docker: Docker): Promise<string[]> {
  const images = await docker.listImages().catch(() => []);
  return images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => DERIVED.test(tag));
}

/** Called by vitest before the first test; what it returns is called after the last. */
export default async function setup(): Promise<() => Promise<void>> {
  const docker = new Docker();
  const before = new Set(await derivedTags(docker));
  return async () => {
    for (const tag of await derivedTags(docker)) if (!before.has(tag)) await docker.getImage(tag).remove();
    await docker.pruneImages({ filters: { dangling: ['true'], label: [BASE_LABEL] } });
  };
}
