/** Makes digests.json of what stands in a bundle: `run` writes it, `verify` makes it again and compares. */
import type { Digests } from '../schema/report.ts';
import type { BundleFile } from './inventory.ts';
import { jsonDocument } from './json.ts';
import { ENVELOPES } from './layout.ts';

/** What no digest list can hold: itself, and the envelopes that are made of it. */
const UNLISTED = new Set<string>(['digests.json', ...Object.values(ENVELOPES)]);

/** True for a file that stands in no digests.json. */
export function isUnlisted(path: string): boolean {
  return UNLISTED.has(path);
}

/** The exact text of digests.json, entries in the order of their names' code units. */
export function digestsText(nonce: string, files: Map<string, BundleFile>): string {
  const listed: [string, Digests['files'][string]][] = [...files]
    .filter(([path]) => !isUnlisted(path))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { kind, digest, size }]) => [path, { kind, digest, size }]);
  const document: Digests = { schema: 'proofbox.digests/v1', nonce, files: Object.fromEntries(listed) };
  return jsonDocument(document);
}
