/**
 * Judges a cage before the engine is let in: the same questions as the proofs, asked of a container that has only
 * said its first word.
 */

import type { CageRecord } from '../schema/cage.ts';
import type { Contract } from '../schema/contract.ts';
import { CreateRequest, ImageConfig, Inspect } from '../schema/inspect.ts';
import type { Hello } from '../schema/recorder.ts';
import { mountFindings } from './cage-mounts.ts';
import { privilegeFindings } from './cage-privileges.ts';

/**
 * What keeps the engine from starting, one sentence each; empty where the cage is as promised.
 * @param cage the create request, docker inspect before the start, the image's Config and the first frame, where it
 *   is to be judged
 */
export function admissionProblems(
  cage: {
    role: CageRecord['role'];
    requested: unknown;
    inspect: unknown;
    imageConfig: unknown;
    seen: Hello | null;
  },
  contract: Pick<Contract, 'limits' | 'engine' | 'test_command'>,
  hostNamespaces: Record<string, string> | null,
): string[] {
  const requested = CreateRequest.safeParse(cage.requested);
  const created = Inspect.safeParse(cage.inspect);
  const image = ImageConfig.safeParse(cage.imageConfig);
  if (!requested.success) return ['the create request lacks what a cage must have'];
  if (!created.success) return ['docker inspect does not say what a cage must have'];
  if (!image.success) return ['the image has no configuration'];
  const view = {
    role: cage.role,
    at: '',
    requested: requested.data,
    created: created.data,
    exited: null,
    imageEnv: image.data.Env ?? [],
    seen: cage.seen,
  };
  return [...mountFindings(view), ...privilegeFindings(view, contract, hostNamespaces)].map(
    (finding) => finding.message,
  );
}
