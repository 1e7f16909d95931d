/** `proofbox report`: makes the report again from the evidence. Reads the bundle, writes only to standard output. */
import { join, resolve } from 'node:path';
import { ProofboxError } from '../errors.ts';
import { renderings } from '../report/index.ts';
import { deriveReport } from '../verdict/derive.ts';
import { readPage } from '../verdict/page.ts';
import { openBundle } from '../verify/bundle.ts';
import { printJson } from './output.ts';
import { type OutputOptions, writeOutputs } from './outputs.ts';

/** Prints report.md, or with `html` report.html, or with `json` report.json: what the evidence makes them. */
export async function report(
  directory: string,
  options: OutputOptions & { json?: boolean; html?: boolean },
): Promise<void> {
  const runDirectory = resolve(directory);
  const { files, problems } = await openBundle(runDirectory);
  const [first] = problems;
  if (first !== undefined)
    throw new ProofboxError('invalid_input', `${directory} is no sound bundle: ${first.file} ${first.what}`, {
      fix: 'type proofbox verify to see everything that is wrong with it',
    });
  const artifacts = join(runDirectory, 'artifacts');
  const derived = await deriveReport(artifacts, files);
  await writeOutputs(derived.report, null, options);
  if (options.json === true) return printJson(derived.report);
  const texts = renderings(derived.report, await readPage(artifacts, derived));
  process.stdout.write(texts[options.html === true ? 'report.html' : 'report.md']);
}
