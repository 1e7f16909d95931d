/** Bundles that verification is tried on, and how a test verifies one. */
import { join } from 'node:path';
import { readPublicKey } from '../../src/attest/keys.ts';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import type { Signer } from '../../src/schema/run.ts';
import { type Verification, verifyBundle } from '../../src/verify/bundle.ts';
import { proofbox, run } from '../integration/product.ts';

/** Leaves a bundle with planted names, odd bytes and refused writes. */
const HOSTILE = `
import os
open('/workspace/stray.txt', 'w').write('x\\n' * 40)
open(b'/artifacts/backend/\\xff\\n', 'w').write('odd')
open('/artifacts/report.json', 'w').write('{"status":"passed"}')
os.mkfifo('/artifacts/backend/pipe')
os.symlink('/etc/passwd', '/artifacts/backend/link')
try: open('/etc/hosts', 'w')
except OSError: pass
print('done')
`;

export interface Sample {
  /** the run directory */
  dir: string;
  /** the key that signed it, where one did */
  key: Signer | null;
}

export const SAMPLE_NAMES = ['passing', 'signed', 'hostile'] as const;
export type SampleName = (typeof SAMPLE_NAMES)[number];

/** A passing run, a passing signed one, and a signed one of an engine that plants and fails. */
export async function makeSamples(base: string): Promise<Record<SampleName, Sample>> {
  const key = join(base, 'key');
  await proofbox(['keygen', '--out', key]);
  const trusted = await readPublicKey(`${key}.pub`);
  const make = async (args: string[], signer: Signer | null) => {
    const { artifacts } = await run(base, args);
    return { dir: join(artifacts, '..'), key: signer };
  };
  const hostile = ['--engine', 'command', '--sign', key, '--', 'python3', '-c', HOSTILE];
  return {
    passing: await make(['py-interval'], null),
    signed: await make(['js-slugify', '--sign', key], trusted),
    hostile: await make(['py-interval', ...hostile], trusted),
  };
}

/** Verifies with the fixtures of this checkout and the key that signed. */
export function verify({ dir, key }: Sample): Promise<Verification> {
  return verifyBundle(dir, {
    fixture: async (id) => ({ workspace: join(FIXTURES_DIR, id, 'workspace') }),
    key,
  });
}

/** Ids of the checks that failed. */
export function failedChecks({ checks }: Verification): string[] {
  return checks.filter(({ status }) => status === 'failed').map(({ id }) => id);
}
