/** Lets an engine start only in a cage that is as promised. The questions are those of the proofs. */
import { readdir, readlink } from 'node:fs/promises';
import type { CageOptions } from '../cage/run.ts';
import type { CageRequest } from '../cage/spec.ts';
import type { RunContext } from './context.ts';

/** The `admit` of one cage: the first reason why its engine must not start, or null. */
export function admission(context: RunContext, role: CageRequest['role']): CageOptions['admit'] {
  if (context.withoutAdmission) return async () => null;
  return async (seen, inspect, requested) => {
    // Loaded while the container is made.
    const { admissionProblems } = await import('../proofs/admission.ts');
    // A kernel without a recorder has another /proc too: the proofs say so, and such a run cannot pass.
    const isDegraded = context.allowDegraded && seen.degraded === true;
    const cage = {
      role,
      requested,
      inspect,
      imageConfig: context.image.config,
      seen: isDegraded ? null : seen,
    };
    return admissionProblems(cage, context.contract, context.hostNamespaces)[0] ?? null;
  };
}

/** The harness's own namespaces by name, such as `{pid: "pid:[4026531836]"}`; empty where /proc has none. */
export async function hostNamespaces(): Promise<Record<string, string>> {
  const names = await readdir('/proc/self/ns').catch(() => []);
  const links = await Promise.all(
    names.map(async (name) => [name, await readlink(`/proc/self/ns/${name}`)] as const),
  );
  return Object.fromEntries(links);
}
