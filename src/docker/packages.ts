/** Installs Debian packages on the host, where that is possible, and says so first. */
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { ProofboxError } from '../errors.ts';

/**
 * Makes sure that a program is there, installing packages by apt where this is Debian or Ubuntu and we are root.
 * @param program found on PATH when the packages are installed
 * @throws ProofboxError `host` with the exact command to type
 */
export async function installPackages(packages: string[], program: string, cause?: unknown): Promise<void> {
  if (await isOnPath(program)) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!(await isDebian()) || process.getuid?.() !== 0) {
    throw new ProofboxError('host', `${program} is not installed`, {
      fix: (await isDebian())
        ? `type: sudo sh -c '${command}'`
        : `install ${program} with this system's package manager`,
      cause,
    });
  }
  process.stderr.write(`installing ${packages.join(', ')} with apt-get\n`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await execa('apt-get', ['update'], { env, stdin: 'ignore' });
    await execa('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
      env,
      stdin: 'ignore',
    });
  } catch (error) {
    const stderr = (error as { stderr?: string }).stderr ?? '';
    const why = stderr.split('\n').find((line) => line.startsWith('E:')) ?? 'see what apt-get says';
    throw new ProofboxError('host', `${packages.join(', ')} cannot be installed: ${why}`, {
      fix: `type: ${command}`,
      cause: error,
    });
  }
}

/** Whether a program is found on PATH. */
export async function isOnPath(program: string): Promise<boolean> {
  const found = await execa('sh', ['-c', 'command -v "$1"', 'sh', program], {
    reject: false,
    stdin: 'ignore',
  });
  return found.exitCode === 0;
}

/** Whether the host is Debian or a relative of it that uses apt. */
export async function isDebian(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release) && (await isOnPath('apt-get'));
}
