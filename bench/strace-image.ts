/** The sandbox image with strace in it, made for one bench and removed after it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

export async function straceImage(sandbox: string): Promise<{ reference: string; remove(): Promise<void> }> {
  const reference = `proofbox-bench-strace:${process.pid}`;
  const folder = await mkdtemp(join(tmpdir(), 'proofbox-bench-'));
  await writeFile(
    join(folder, 'Dockerfile'),
    [
      `FROM ${sandbox}`,
      'USER root',
      'RUN mkdir -p /artifacts/backend/tmp && chmod 1777 /artifacts/backend/tmp && apt-get update && apt-get install -y --no-install-recommends strace',
      '',
    ].join('\n'),
  );
  await execa('docker', ['build', '--quiet', '--force-rm', '--tag', reference, folder], {
    env: { DOCKER_BUILDKIT: '0' },
  });
  await rm(folder, { recursive: true });
  return { reference, remove: async () => void (await execa('docker', ['rmi', '--force', reference])) };
}
