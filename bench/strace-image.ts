/** The sandbox image with strace in it and with the programs of bench/programs, made for one bench and removed after it. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { PACKAGE_ROOT } from '#src/package-root.ts';

export async function straceImage(
  sandbox: string,
  programs: string[] = [],
): Promise<{ reference: string; remove(): Promise<void> }> {
  const reference = `proofbox-bench-strace:${process.pid}`;
  const folder = await mkdtemp(join(tmpdir(), 'proofbox-bench-'));
  const compiler = programs.length > 0 ? 'gcc libc6-dev' : '';
  await cp(join(PACKAGE_ROOT, 'bench/programs'), join(folder, 'programs'), { recursive: true });
  await writeFile(
    join(folder, 'Dockerfile'),
    [
      `FROM ${sandbox}`,
      'USER root',
      `RUN mkdir -p /artifacts/backend/tmp && chmod 1777 /artifacts/backend/tmp && apt-get update && apt-get install -y --no-install-recommends strace ${compiler}`,
      'COPY programs /bench',
      ...programs.map((name) => `RUN gcc -O2 -static -pthread -o /bench/${name} /bench/${name}.c`),
      '',
    ].join('\n'),
  );
  await execa('docker', ['build', '--quiet', '--force-rm', '--tag', reference, folder], {
    env: { DOCKER_BUILDKIT: '0' },
  });
  await rm(folder, { recursive: true });
  return { reference, remove: async () => void (await execa('docker', ['rmi', '--force', reference])) };
}
