/** Fetches npm packages for images on the host, where the package managers are configured. Runs no line of them. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';

const CPU: Record<string, string> = { amd64: 'x64', arm64: 'arm64' };

export interface PackageRequest {
  /** begins the name of the cache folder */
  name: string;
  /** for people: what is fetched */
  what: string;
  manifest: string;
  /** null: whatever versions fit the manifest's ranges today */
  lock: string | null;
}

/** The packages that a folder below images/ pins with a lockfile. */
export async function pinned(folder: string, what: string): Promise<PackageRequest> {
  const read = (name: string) => readFile(join(PACKAGE_ROOT, 'images', folder, name), 'utf8');
  return { name: folder, what, manifest: await read('package.json'), lock: await read('package-lock.json') };
}

/**
 * A folder with `node_modules/` and `package-lock.json` for the given architecture; fetched once per request.
 * @param architecture Docker's word for it: amd64 or arm64
 * @throws ProofboxError `host` where there is no package or the registry does not answer
 */
export async function npmPackages(
  request: PackageRequest,
  architecture: string,
  cache: string,
): Promise<string> {
  const cpu = CPU[architecture];
  if (cpu === undefined) {
    throw new ProofboxError('host', `there is no ${request.what} for ${architecture}`, {
      fix: 'use an amd64 or arm64 container engine',
    });
  }
  const digest = createHash('sha256')
    .update(request.lock ?? request.manifest)
    .digest('hex');
  const ready = join(cache, `${request.name}-${cpu}-${digest.slice(0, 16)}`);
  if (await exists(ready)) return ready;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, `${request.name}-draft-`));
  try {
    await writeFile(join(draft, 'package.json'), request.manifest);
    if (request.lock !== null) await writeFile(join(draft, 'package-lock.json'), request.lock);
    const quiet = [
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--os=linux',
      `--cpu=${cpu}`,
      '--libc=glibc',
    ];
    await execa('npm', [request.lock === null ? 'install' : 'ci', ...quiet], {
      cwd: draft,
      stdin: 'ignore',
    });
    // npm makes none where there is nothing to install.
    await mkdir(join(draft, 'node_modules'), { recursive: true });
    // Whoever is first wins; the other draft is thrown away.
    await rename(draft, ready).catch(async (error) => {
      if (!(await exists(ready))) throw error;
    });
    return ready;
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr ?? (error as Error).message;
    const why = stderr.split('\n').find((line) => /npm (error|ERR!)/.test(line)) ?? stderr.split('\n')[0];
    throw new ProofboxError('host', `${request.what} cannot be fetched: ${why}`, {
      fix: 'check that npm reaches its registry, then run it again',
      cause: error,
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
