/** Programs of tests/recorder/fuzz, compiled with the recorder's own sources where the recorder itself is built. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { toolchain } from '../hostile/defences/toolchain.ts';

export interface Program {
  /** in tests/recorder/fuzz; `fuzz-` is set before it, since the recorder may have a file of its name */
  source: string;
  /** what of the recorder is compiled with it */
  units: string[];
  /** takes a defence out of one file of the recorder */
  change?: { file: string; from: string; to: string };
  /** while it is built: a line of the shell in its folder, where it is `./fuzz` */
  run?: string;
  /** what the image is called; it stays where there is a name */
  tag?: string;
}

/**
 * @param folder for a build context
 * @returns everything that the build wrote
 */
export async function compiled(
  folder: string,
  { source, units, change, run, tag }: Program,
): Promise<string> {
  const context = join(folder, `context-${Math.random()}`);
  mkdirSync(context);
  cpSync(join(PACKAGE_ROOT, 'images/recorder'), context, { recursive: true });
  cpSync(join(import.meta.dirname, 'fuzz', source), join(context, `fuzz-${source}`));
  if (change !== undefined) {
    const file = join(context, change.file);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(change.from)) throw new Error(`${change.file} has no ${change.from}`);
    writeFileSync(file, text.replace(change.from, change.to));
  }
  const { base, lines } = toolchain(context);
  const compile = `gcc -g -O1 -std=gnu11 -fsanitize=address,undefined -fno-sanitize-recover=all -o fuzz fuzz-${source} ${units.join(' ')}`;
  const runs = run === undefined ? [] : [`RUN cd /fuzz && ${run}`];
  writeFileSync(
    join(context, 'Dockerfile'),
    [...lines, 'COPY . /fuzz', `RUN cd /fuzz && ${compile}`, ...runs, ''].join('\n'),
  );
  const named = tag === undefined ? [] : ['--tag', tag];
  const args = ['build', '--force-rm', '--build-arg', `BASE=${base}`, ...named, context];
  for (let tries = 1; ; tries += 1) {
    const { all } = await execa('docker', args, { env: { DOCKER_BUILDKIT: '0' }, all: true, reject: false });
    // An image of another test that is removed takes layers along that this build was about to use.
    if (tries === 3 || !all.includes('No such image')) return all;
  }
}
