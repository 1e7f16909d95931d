/** Both verifiers over one bundle: each must find that it holds, and derive from the records what its report claims. */
import { join } from 'node:path';
import { execa } from 'execa';
import { FIXTURES_DIR } from '../../src/cli/paths.ts';
import { loadFixture } from '../../src/contract/fixture.ts';
import { PACKAGE_ROOT } from '../../src/package-root.ts';
import { verifyBundle } from '../../src/verify/bundle.ts';

/** What scripts/verify.py prints with --json. */
export interface SecondOpinion {
  holds: boolean;
  derived: Record<string, string>;
  checks: [name: string, ok: boolean, detail: string][];
}

/** Runs the second verifier, which shares no code with the first. */
export async function secondOpinion(runDirectory: string, flags: string[] = []): Promise<SecondOpinion> {
  const script = join(PACKAGE_ROOT, 'scripts/verify.py');
  const { stdout, stderr } = await execa('python3', [script, runDirectory, '--json', ...flags], {
    reject: false,
  });
  if (stdout === '') throw new Error(`the second verifier said nothing: ${stderr}`);
  return JSON.parse(stdout) as SecondOpinion;
}

/** @throws Error that says which verifier found what, for a bundle that the product has just made */
export async function requireBothHold(runDirectory: string, fixture: string): Promise<void> {
  const first = await verifyBundle(runDirectory, {
    fixture: async () => ({ workspace: (await loadFixture(fixture, FIXTURES_DIR)).workspace }),
    key: null,
  });
  const failed = first.checks.filter(({ status }) => status === 'failed');
  if (!first.holds) throw new Error(`a fresh bundle does not verify: ${JSON.stringify(failed)}`);
  const second = await secondOpinion(runDirectory);
  if (!second.holds)
    throw new Error(`the second verifier disagrees: ${JSON.stringify(second.checks.at(-1))}`);
}
