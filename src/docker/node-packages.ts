/** Fetches Node.js and npm for the sandbox image on the host, pinned by the lockfile's integrity digests. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { ProofboxError } from '../errors.ts';
import { PACKAGE_ROOT } from '../package-root.ts';

const CPU: Record<string, string> = { amd64: 'x64', arm64: 'arm64' };

/**
 * A folder with `node_modules/` for the given architecture; fetched once per lockfile.
 * @param architecture Docker's word for it: amd64 or arm64
 * @throws ProofboxError `host` where there is no package or the registry does not answer
 */
export async function nodePackages(architecture: string, cache: string): Promise<string> {
  const cpu = CPU[architecture];
  if (cpu === undefined) {
    throw new ProofboxError('host', `there is no Node.js package for ${architecture}`, {
      fix: 'use an amd64 or arm64 container engine',
    });
  }
  const source = join(PACKAGE_ROOT, 'images/node');
  const digest = createHash('sha256')
    .update(await readFile(join(source, 'package-lock.json')))
    .digest('hex');
  const ready = join(cache, `node-${cpu}-${digest.slice(0, 16)}`);
  if (await exists(ready)) return ready;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'node-draft-'));
  try {
    for (const name of ['package.json', 'package-lock.json'])
      await copyFile(join(source, name), join(draft, name));
    await execa('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--os=linux', `--cpu=${cpu}`], {
      cwd: draft,
      stdin: 'ignore',
    });
    // Whoever is first wins; the other draft is the same and is thrown away.
    await rename(draft, ready).catch(async (error) => {
      if (!(await exists(ready))) throw error;
    });
    return ready;
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr ?? (error as Error).message;
    const why = stderr.split('\n').find((line) => /npm (error|ERR!)/.test(line)) ?? stderr.split('\n')[0];
    throw new ProofboxError('host', `Node.js for the sandbox image cannot be fetched: ${why}`, {
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
