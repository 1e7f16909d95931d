/** Installs Debian packages on the host, where that is possible; says so first, and asks where a person sits. */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { execa } from 'execa';
import { ProofboxError } from '../errors.ts';

const LOG = join(tmpdir(), 'proofbox-apt.log');

/**
 * Makes sure that a program is there, installing packages by apt where this is Debian or Ubuntu and we are root.
 * @param program found on PATH when the packages are installed
 * @throws ProofboxError `host` with the exact command to type
 */
export async function installPackages(packages: string[], program: string, cause?: unknown): Promise<void> {
  if (await isOnPath(program)) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const debian = await isDebian();
  if (!debian || process.getuid?.() !== 0) {
    throw new ProofboxError('host', `${program} is not installed`, {
      fix: debian ? `type: sudo sh -c '${command}'` : `install ${program} with this system's package manager`,
      cause,
    });
  }
  await askFirst(`${program} is missing. Install ${packages.join(', ')} with apt-get?`, command);
  process.stderr.write(`installing ${packages.join(', ')} with apt-get; its output goes to ${LOG}\n`);
  try {
    await apt(['update']);
    await apt(['install', '-y', '--no-install-recommends', ...packages]);
  } catch (error) {
    throw new ProofboxError('host', `${packages.join(', ')} cannot be installed: ${await lastError()}`, {
      fix: `read ${LOG}, then type: ${command}`,
      cause: error,
    });
  }
  if (await isOnPath(program)) return;
  throw new ProofboxError('host', `${program} is missing although apt-get installed ${packages.join(', ')}`, {
    fix: `read ${LOG}`,
  });
}

/** Output goes to a file: a service that a package starts must not keep a pipe of ours open. */
async function apt(args: string[]): Promise<void> {
  const file = { file: LOG, append: true } as const;
  await execa('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' },
    stdin: 'ignore',
    stdout: file,
    stderr: file,
  });
}

async function lastError(): Promise<string> {
  const lines = (await readFile(LOG, 'utf8').catch(() => '')).trim().split('\n');
  return lines.filter((line) => line.startsWith('E:')).at(-1) ?? 'apt-get failed';
}

/** A person is asked before anything is installed; a script was told by being run. */
async function askFirst(question: string, command: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || process.env.CI !== undefined) return;
  const dialog = createInterface({ input: process.stdin, output: process.stderr });
  // The end of input (Ctrl-D) is a no.
  const closed = new Promise<string>((resolve) => dialog.once('close', () => resolve('no')));
  const answer = await Promise.race([dialog.question(`${question} [Y/n] `).catch(() => 'no'), closed]);
  dialog.close();
  if (/^(y|yes|)$/i.test(answer.trim())) return;
  throw new ProofboxError('host', 'nothing was installed', { fix: `type: ${command}, then run it again` });
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
