/** Which host paths must be neither seen nor changed: from `--forbid` and from the configuration file. */
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ProofboxError } from '../errors.ts';
import { ForbiddenKind } from '../schema/common.ts';
import type { Config } from '../schema/config.ts';

/** One guarded host folder. */
export interface GuardedRoot {
  kind: ForbiddenKind;
  /** as the user gave it */
  path: string;
  /** absolute, every link followed */
  resolved: string;
  mode: 'metadata' | 'content';
}

/** Shorter ones would be found everywhere: `/`, `/a`. */
const MIN_LENGTH = 4;

/**
 * All guarded roots, without doubles.
 * @param given values of `--forbid`: `KIND=PATH`, or a path alone for a target repository
 * @throws ProofboxError `usage` that names the value and the fix
 */
export async function forbiddenRoots(given: string[], config: Config): Promise<GuardedRoot[]> {
  const roots = [
    ...(await Promise.all(
      given.map(async (value) => root({ ...parse(value), mode: 'metadata' }, '--forbid')),
    )),
    ...(await Promise.all(
      config.forbidden_roots.map(({ kind, path, digest }) =>
        root({ kind, path, mode: digest }, 'proofbox.config.json'),
      ),
    )),
  ];
  const byPath = new Map(roots.map((one) => [`${one.kind} ${one.resolved} ${one.mode}`, one]));
  return [...byPath.values()];
}

/**
 * Refuses a bind source that holds, or lies in, a guarded root: the engine would see or change it.
 * @param binds absolute host folders; those that do not exist yet are taken as they are written
 * @throws ProofboxError `usage`
 */
export async function refuseOverlap(roots: GuardedRoot[], binds: string[]): Promise<void> {
  for (const bind of binds) {
    const real = await realOf(bind);
    for (const { kind, path, resolved } of roots) {
      if (!isWithin(real, resolved) && !isWithin(resolved, real)) continue;
      throw new ProofboxError(
        'usage',
        `the forbidden ${kind} ${path} and the run directory ${bind} lie in one another`,
        {
          fix: 'choose a run directory elsewhere with --out, or forbid a narrower folder',
        },
      );
    }
  }
}

/** Whether `path` is `folder` or lies in it; both absolute and resolved. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

function parse(value: string): { kind: ForbiddenKind; path: string } {
  const at = value.indexOf('=');
  const word = at === -1 ? '' : value.slice(0, at).replaceAll('-', '_');
  // A path may hold "=" itself: only what looks like a word is a kind.
  if (!/^[a-z_]+$/.test(word)) return { kind: 'target_repository', path: value };
  const kind = ForbiddenKind.safeParse(word);
  if (kind.success) return { kind: kind.data, path: value.slice(at + 1) };
  throw new ProofboxError('usage', `--forbid ${value}: ${value.slice(0, at)} is no kind of forbidden root`, {
    fix: `use one of ${ForbiddenKind.options.join(', ')}`,
  });
}

async function root(given: Omit<GuardedRoot, 'resolved'>, from: string): Promise<GuardedRoot> {
  const absolute = resolve(given.path);
  const found = await stat(absolute).catch(() => null);
  if (given.path === '' || found === null || !found.isDirectory()) {
    const why = found === null ? 'does not exist' : 'is not a folder';
    throw new ProofboxError('usage', `${from}: the forbidden path ${JSON.stringify(given.path)} ${why}`, {
      fix: 'give the path of an existing folder',
    });
  }
  const resolved = await realpath(absolute);
  if (resolved.length < MIN_LENGTH) {
    throw new ProofboxError(
      'usage',
      `${from}: the forbidden path ${given.path} is too short to be searched for`,
      {
        fix: 'forbid the folders below it that matter',
      },
    );
  }
  return { ...given, resolved };
}

/** The real path of a folder that may not exist yet: its nearest existing ancestor's, and the rest as written. */
async function realOf(path: string): Promise<string> {
  const parts: string[] = [];
  for (let at = resolve(path); ; ) {
    const real = await realpath(at).catch(() => null);
    if (real !== null) return resolve(real, ...parts);
    const parent = resolve(at, '..');
    parts.unshift(at.slice(parent === '/' ? 1 : parent.length + 1));
    at = parent;
  }
}

/** The absolute paths by which a root could be named, resolved and as given; what a recorded path is compared with. */
export function forbiddenPaths(roots: Pick<GuardedRoot, 'path' | 'resolved'>[]): string[] {
  return [...new Set(roots.flatMap((root) => [root.resolved, root.path]))].filter((path) =>
    path.startsWith('/'),
  );
}
