/** What we are measured against, started for real. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { execa } from 'execa';
import { sandboxImage } from '#src/docker/images.ts';
import { PACKAGE_ROOT } from '#src/package-root.ts';

export const MAIN = join(PACKAGE_ROOT, 'dist/cli/main.js');

/** Name and tag of the image that both sides use. */
export async function image(): Promise<string> {
  return (await sandboxImage(new Docker())).reference;
}

/** A container as hardened as a person would make one by hand, with two folders of its own. */
export async function plainRun(reference: string, folder: string, argv: string[]): Promise<void> {
  const dir = await mkdtemp(join(folder, 'plain-'));
  for (const name of ['workspace', 'artifacts']) await mkdir(join(dir, name), { mode: 0o777 });
  await execa('docker', [
    ...['run', '--rm', '--network', 'none', '--read-only', '--cap-drop', 'ALL'],
    ...['--security-opt', 'no-new-privileges', '--user', '64100:64100', '--ipc', 'none'],
    ...['--pids-limit', '512', '--memory', '2g', '--log-driver', 'none'],
    ...['--volume', `${dir}/workspace:/workspace`, '--volume', `${dir}/artifacts:/artifacts`],
    ...['--entrypoint', argv[0] ?? ''],
    ...[reference, ...argv.slice(1)],
  ]);
  await rm(dir, { recursive: true, force: true });
}

/** Our own command line, for its exit code too. */
export async function ours(args: string[], cwd: string): Promise<void> {
  await execa('node', [MAIN, ...args], { cwd, stdin: 'ignore' });
}
