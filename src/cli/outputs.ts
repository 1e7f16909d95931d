/** Writes the forms of a report that other tools read, where the user asked for them. */
import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { ProofboxError } from '../errors.ts';
import { PROOFBOX_VERSION } from '../package-root.ts';
import type { Report } from '../schema/report.ts';

export interface OutputOptions {
  junit?: string;
  sarif?: string;
}

/**
 * Writes each file that was asked for, over one that is there.
 * @param fixtureFile absolute path of fixture.json, or null where nobody knows it
 * @throws ProofboxError `host` where a file cannot be written
 */
export async function writeOutputs(
  report: Report,
  fixtureFile: string | null,
  options: OutputOptions,
): Promise<void> {
  const inside = fixtureFile === null ? '..' : relative(process.cwd(), fixtureFile);
  const place = inside.startsWith('..') ? `fixtures/${report.fixture.id}/fixture.json` : inside;
  if (options.junit !== undefined) {
    const { renderJunit } = await import('../report/junit.ts');
    await write(options.junit, renderJunit(report));
  }
  if (options.sarif !== undefined) {
    const { renderSarif } = await import('../report/sarif.ts');
    await write(options.sarif, renderSarif(report, place, PROOFBOX_VERSION));
  }
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: NodeJS.ErrnoException) => {
    throw new ProofboxError('host', `${path} cannot be written (${cause.code ?? cause.message})`, {
      fix: 'the run itself is sealed: type proofbox report RUN_DIR with the same option and another path',
      cause,
    });
  });
}
