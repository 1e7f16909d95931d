/** What a stage 1 is bound to: another host, engine, kernel, image, profile or runtime makes it worth nothing. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Docker } from '../docker/connect.ts';
import type { Versions } from '../schema/cage.ts';
import type { Digest } from '../schema/common.ts';
import type { Stage1Binding } from '../schema/stage1.ts';

export interface BindingFacts {
  docker: Docker;
  versions: Versions;
  imageDigest: string;
  runtime: string | undefined;
}

/** The binding of this host, now. */
export async function bindingOf({
  docker,
  versions,
  imageDigest,
  runtime,
}: BindingFacts): Promise<Stage1Binding> {
  const info = (await docker.info()) as { ID?: string; SecurityOptions?: string[] };
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  const host = createHash('sha256')
    .update(`${machine.trim()}\n${info.ID ?? ''}`)
    .digest('hex');
  return {
    host: `sha256:${host}`,
    versions,
    image: imageDigest as Digest,
    profile: [...(info.SecurityOptions ?? [])].sort(),
    runtime: runtime ?? 'default',
  };
}

export function isSameBinding(left: Stage1Binding, right: Stage1Binding): boolean {
  return isDeepStrictEqual(left, right);
}
