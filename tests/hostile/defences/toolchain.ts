/** The stage of Dockerfile.sandbox in which the recorder is compiled, for tests that compile something like it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseReference } from '../../../src/docker/inputs.ts';
import { PACKAGE_ROOT } from '../../../src/package-root.ts';

/** First lines of a Dockerfile, word for word, so that the builder has them already; `base` is the build argument BASE. */
export function toolchain(): { base: string; lines: string[] } {
  const lines = readFileSync(join(PACKAGE_ROOT, 'Dockerfile.sandbox'), 'utf8').split('\n');
  const from = lines.findIndex((line) => line.endsWith(' AS recorder-build'));
  const to = lines.indexOf('COPY images/recorder /build');
  if (from < 0 || to < from) throw new Error('Dockerfile.sandbox has no stage recorder-build');
  return { base: baseReference(), lines: ['ARG BASE', ...lines.slice(from, to)] };
}
