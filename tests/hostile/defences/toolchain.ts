/** The stage of Dockerfile.sandbox in which the recorder is compiled, for tests that compile something like it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseReference } from '../../../src/docker/inputs.ts';
import { lockedPackages, preferences } from '../../../src/docker/package-lock.ts';
import { PACKAGE_ROOT } from '../../../src/package-root.ts';

const ARCHITECTURE: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/**
 * First lines of a Dockerfile, word for word, so that the builder has them already; `base` is the build argument BASE.
 * @param context the build context, which gets the files that these lines take from it
 */
export function toolchain(context: string): { base: string; lines: string[] } {
  mkdirSync(join(context, '.packages'), { recursive: true });
  const pins = preferences(lockedPackages(ARCHITECTURE[process.arch] ?? process.arch));
  writeFileSync(join(context, '.packages/preferences'), pins);
  const lines = readFileSync(join(PACKAGE_ROOT, 'Dockerfile.sandbox'), 'utf8').split('\n');
  const from = lines.findIndex((line) => line.endsWith(' AS recorder-build'));
  const to = lines.indexOf('COPY images/recorder /build');
  if (from < 0 || to < from) throw new Error('Dockerfile.sandbox has no stage recorder-build');
  return { base: baseReference(), lines: ['ARG BASE', ...lines.slice(from, to)] };
}
