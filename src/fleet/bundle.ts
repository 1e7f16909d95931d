/** A finished run as a parcel: the evidence, and beside a `case` run that of its fake lane. The workspace stays behind. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { BASELINE_DIR } from '../evidence/layout.ts';
import { type Packed, pack } from '../parcel/pack.ts';
import { PACK_LIMITS, unpack } from '../parcel/unpack.ts';
import type { Digest } from '../schema/common.ts';

/** The engine's own folders: only there may a link stand, and nobody follows it. */
const ENGINES_OWN = /^(?:baseline\/)?artifacts\/(?:backend|inputs)\//;

/** @throws Error that completes "the bundle cannot be packed: …" */
export async function packBundle(
  runDirectory: string,
  file: string,
): Promise<{ digest: Digest; bytes: number }> {
  const items: Packed[] = [{ name: 'artifacts', from: join(runDirectory, 'artifacts') }];
  const baseline = join(runDirectory, BASELINE_DIR, 'artifacts');
  if (lstatSync(baseline, { throwIfNoEntry: false }) !== undefined)
    items.push({ name: BASELINE_DIR, from: null }, { name: `${BASELINE_DIR}/artifacts`, from: baseline });
  return pack(items, file);
}

/** @throws Error that completes "the parcel …" where it is not one that `packBundle` makes */
export async function unpackBundle(file: string, to: string): Promise<void> {
  await unpack(file, to, {
    ...PACK_LIMITS,
    top: ['artifacts', BASELINE_DIR],
    mayLink: (path) => ENGINES_OWN.test(path),
  });
}

/** A fixture on its way to the workers. */
export async function packFixture(
  fixture: { dir: string; workspace: string; fixture: { workspace: string } },
  file: string,
): Promise<{ digest: Digest; bytes: number }> {
  const parts = fixture.fixture.workspace.split('/').filter((part) => part !== '' && part !== '.');
  const folders = parts
    .slice(0, -1)
    .map((_, n): Packed => ({ name: parts.slice(0, n + 1).join('/'), from: null }));
  return pack(
    [
      { name: 'fixture.json', from: join(fixture.dir, 'fixture.json') },
      ...folders,
      { name: parts.join('/'), from: fixture.workspace },
    ],
    file,
  );
}

/** @throws Error that completes "the parcel …" */
export async function unpackFixture(file: string, to: string): Promise<void> {
  await unpack(file, to, { ...PACK_LIMITS, top: null, mayLink: () => true });
}
