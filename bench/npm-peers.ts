/**
 * Peers from the npm registry: sandbox-runtime (srt) and testcontainers, under the Node.js that they ask for. Installed
 * below .cache, never beside the product's own packages.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { installPackages } from '#src/docker/packages.ts';

import { PACKAGE_ROOT } from '#src/package-root.ts';
import { digestBytes } from '#src/witness/content.ts';

const HERE = join(PACKAGE_ROOT, 'bench/peers');
const FOLDER = join(PACKAGE_ROOT, '.cache/bench-peers');
const FILES = ['package.json', 'package-lock.json', 'two-containers.mjs'];

/** What srt calls for on Linux. */
const PROGRAMS = { bwrap: 'bubblewrap', socat: 'socat', rg: 'ripgrep' };

let installed: Promise<string> | null = null;

/** The Node.js program beside the peers' packages; installs both where they are missing. */
function node(): Promise<string> {
  installed ??= install();
  return installed;
}

async function install(): Promise<string> {
  const digest = digestBytes(
    Buffer.concat(await Promise.all(FILES.map((name) => readFile(join(HERE, name))))),
  );
  const stamp = join(FOLDER, 'stamp');
  if ((await readFile(stamp, 'utf8').catch(() => null)) !== digest) {
    await rm(FOLDER, { recursive: true, force: true });
    await mkdir(FOLDER, { recursive: true });
    for (const name of FILES) await copyFile(join(HERE, name), join(FOLDER, name));
    await execa('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--engine-strict=false'], {
      cwd: FOLDER,
    });
    await writeFile(stamp, digest);
  }
  return join(FOLDER, `node_modules/node-linux-${process.arch}/bin/node`);
}

/** `srt` around a program; returns what it printed. */
export async function srt(argv: string[]): Promise<string> {
  for (const [program, name] of Object.entries(PROGRAMS)) await installPackages([name], program);
  const main = join(FOLDER, 'node_modules/@anthropic-ai/sandbox-runtime/dist/cli.js');
  return (await execa(await node(), [main, ...argv], { stdin: 'ignore' })).stdout;
}

/** Two containers of the image, started and stopped by testcontainers without its helper container. */
export async function twoContainers(reference: string): Promise<void> {
  await execa(await node(), [join(FOLDER, 'two-containers.mjs'), reference], {
    env: { TESTCONTAINERS_RYUK_DISABLED: 'true' },
  });
}
