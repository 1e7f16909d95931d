/** `proofbox report`: renders the report again. Reads the bundle, writes only to standard output. */
import { join } from 'node:path';
import { readDocument } from '../contract/read.ts';
import { renderMarkdown } from '../report/markdown.ts';
import { Report } from '../schema/report.ts';
import { printJson } from './output.ts';

/** Prints report.md, or with `json` report.json, as the evidence has it. */
export async function report(directory: string, options: { json?: boolean }): Promise<void> {
  const document = await readDocument(
    join(directory, 'artifacts', 'report.json'),
    'report',
    Report,
    256 << 20,
  );
  if (options.json === true) printJson(document);
  else process.stdout.write(renderMarkdown(document));
}
