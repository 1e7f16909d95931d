/** Images on top of the sandbox: named by what goes into them, built without a network. */
import { join } from 'node:path';
import type Docker from 'dockerode';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';
import { BASE_LABEL } from './base-image.ts';
import { build, openLog } from './build.ts';
import { cacheDir } from './cache.ts';
import { type ContextFolder, packFolders } from './context.ts';
import type { SandboxImage } from './images.ts';

/** Label that names the sandbox image below. */
export const SANDBOX_LABEL = 'io.proofbox.sandbox';

export interface Derivation {
  reference: string;
  /** folder below images/ that holds its Dockerfile; also its role */
  recipe: string;
  /** for people: what is built */
  what: string;
  folders: ContextFolder[];
  labels: Record<string, string>;
}

/**
 * Builds one.
 * @throws ProofboxError `host` that names the log
 */
export async function deriveImage(
  docker: Docker,
  sandbox: SandboxImage,
  { reference, recipe, what, folders, labels }: Derivation,
): Promise<void> {
  await openLog(cacheDir());
  const log = join(cacheDir(), `build-${recipe}.log`);
  const outcome = await build(
    docker,
    packFolders(join(PACKAGE_ROOT, 'images', recipe, 'Dockerfile'), folders),
    {
      t: reference,
      dockerfile: 'Dockerfile',
      networkmode: 'none',
      buildargs: { SANDBOX: sandbox.reference },
      labels: {
        ...labels,
        [SANDBOX_LABEL]: sandbox.reference,
        [BASE_LABEL]: recipe,
        'io.proofbox.role': recipe,
      },
    },
    log,
  );
  if (outcome.built) return;
  throw new ProofboxError('host', `${what} could not be built: ${outcome.message}`, {
    fix: `read ${log}`,
    cause: new Error(outcome.log),
  });
}

/** What one of our labels says, as JSON; null where the image has none. */
export function labelOf({ config }: SandboxImage, label: string): unknown {
  const labels = (config as { Labels?: Record<string, string> | null }).Labels ?? {};
  return JSON.parse(labels[label] ?? 'null');
}
