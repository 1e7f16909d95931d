/** The last steps of every bundle: documents put in place, evaluated as they lie on disk, digested, signed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seal as sealStatement } from '../attest/envelope.ts';
import type { SigningKey } from '../attest/keys.ts';
import { attestedDigests, statements } from '../attest/statements.ts';
import { digestsText } from '../evidence/digests.ts';
import { type BundleFile, inventory } from '../evidence/inventory.ts';
import { jsonDocument } from '../evidence/json.ts';
import { ENVELOPES, type RunPaths } from '../evidence/layout.ts';
import { place } from '../evidence/seal.ts';
import type { Trace } from '../evidence/trace.ts';
import { RUN_FILE } from '../proofs/evidence.ts';
import { renderings } from '../report/index.ts';
import type { Report } from '../schema/report.ts';
import type { RunDocument } from '../schema/run.ts';
import { type Derived, deriveReport } from '../verdict/derive.ts';
import { readPage } from '../verdict/page.ts';
import { digestBytes } from '../witness/content.ts';

export interface BundleInput {
  paths: RunPaths;
  /** made when every other primary file is in place */
  runDocument(files: Map<string, BundleFile>): RunDocument;
  trace: Trace;
  signingKey: SigningKey | null;
}

/** Evaluates what lies in the bundle and completes it: run.json, report, trace, pages, digests, envelopes. */
export async function completeBundle({
  paths,
  runDocument,
  trace,
  signingKey,
}: BundleInput): Promise<Report> {
  const files = await inventory(paths.artifacts);
  const text = jsonDocument(runDocument(files));
  await put(paths, RUN_FILE, text);
  const bytes = Buffer.from(text);
  files.set(RUN_FILE, {
    kind: 'file',
    digest: digestBytes(bytes),
    size: bytes.length,
    mtime_ms: 0,
    ctime_ms: 0,
  });
  const derived = await deriveReport(paths.artifacts, files);
  await seal(paths, derived, files, trace);
  await attest(paths, derived, signingKey);
  return derived.report;
}

/** Puts a text in place, whole or not at all. */
export async function put(
  { spool, artifacts }: RunPaths,
  name: string,
  text: string | AsyncIterable<string | Buffer>,
): Promise<void> {
  const draft = join(spool, `put.${name}`);
  await writeFile(draft, text, { flag: 'wx' });
  await place(draft, artifacts, name);
}

/** report.json, report.md, trace.jsonl and, over all of it, digests.json. */
async function seal(
  paths: RunPaths,
  derived: Derived,
  files: Map<string, BundleFile>,
  trace: Trace,
): Promise<void> {
  const { report } = derived;
  await put(paths, 'trace.jsonl', `${trace.lines(report.status).join('\n')}\n`);
  await put(paths, 'report.json', jsonDocument(report));
  for (const [name, text] of Object.entries(renderings(report, await readPage(paths.artifacts, derived))))
    await put(paths, name, text);
  const now = await inventory(paths.artifacts);
  for (const [path, { digest }] of files) {
    // Nothing runs any more, so a file that changed since the verdict is a defect worth stopping for.
    if (now.get(path)?.digest !== digest) throw new Error(`${path} changed while the bundle was sealed`);
  }
  await put(paths, 'digests.json', digestsText(report.nonce, now));
}

/** The envelopes of a signed run: made last, because they speak of digests.json. */
async function attest(paths: RunPaths, derived: Derived, key: SigningKey | null): Promise<void> {
  if (key === null) return;
  const made = statements({ ...derived, digests: await attestedDigests(paths.artifacts) });
  for (const name of Object.keys(ENVELOPES) as (keyof typeof ENVELOPES)[])
    await put(paths, ENVELOPES[name], sealStatement(made[name], key));
}
