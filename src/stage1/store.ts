/** Where the documents of stage 1 lie, and what a run of stage 2 makes of the newest. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lineDigest } from '../ledger/chain.ts';
import type { Stage1Reference } from '../schema/gates.ts';
import { type Stage1Binding, Stage1Document } from '../schema/stage1.ts';
import { isSameBinding } from './binding.ts';

/** The folder of every stage 1 below the runs folder. */
export function stage1Folder(runsDir: string): string {
  return join(runsDir, 'stage1');
}

export const STAGE1_FILE = 'stage1.json';

/**
 * The newest stage 1, or null where there is none that can be read. One whose runs were altered or removed since
 * counts as failed: it proves what its evidence proves.
 */
export async function newestStage1(runsDir: string, binding: Stage1Binding): Promise<Stage1Reference | null> {
  const folder = stage1Folder(runsDir);
  const names = (await readdir(folder).catch(() => [])).sort().reverse();
  for (const name of names) {
    const text = await readFile(join(folder, name, STAGE1_FILE), 'utf8').catch(() => null);
    const document = text === null ? null : parse(text);
    if (text === null || document === null) continue;
    return {
      digest: lineDigest(text),
      passed: document.passed && (await isEvidenceThere(join(folder, name), document)),
      finished_at: document.finished_at,
      expires_at: document.expires_at,
      is_this_host: isSameBinding(document.binding, binding),
    };
  }
  return null;
}

async function isEvidenceThere(folder: string, document: Stage1Document): Promise<boolean> {
  for (const { directory, bundle } of document.runs) {
    const text = await readFile(join(folder, directory, 'artifacts/digests.json'), 'utf8').catch(() => null);
    if (text === null || lineDigest(text) !== bundle) return false;
  }
  return document.runs.length > 0;
}

function parse(text: string): Stage1Document | null {
  try {
    return Stage1Document.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
