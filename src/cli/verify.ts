/** `proofbox verify`: one line a check on standard error, or with `--json` all of it as one document. */
import { lstat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pc from 'picocolors';
import { readPublicKey } from '../attest/keys.ts';
import { loadFixture } from '../contract/fixture.ts';
import { EXIT } from '../errors.ts';
import { visible } from '../report/untrusted.ts';
import { verifyBundle } from '../verify/bundle.ts';
import type { CheckStatus } from '../verify/check.ts';
import { printJson, say } from './output.ts';
import { FIXTURES_DIR } from './paths.ts';

export interface VerifyCommandOptions {
  fixture?: string;
  key?: string;
  requirePass?: boolean;
  json?: boolean;
}

const MARK: Record<CheckStatus, string> = { ok: pc.green('✔'), failed: pc.red('✖'), skipped: pc.dim('–') };

/** Verifies and sets the exit code: 0 where the bundle holds, whatever its verdict. */
export async function verify(runDirectory: string, options: VerifyCommandOptions): Promise<void> {
  const result = await verifyBundle(resolve(runDirectory), {
    fixture: (id) => fixtureWorkspace(options.fixture ?? id, options.fixture !== undefined),
    key: options.key === undefined ? null : await readPublicKey(options.key),
  });
  const { holds, checks, report } = result;
  const isPass = report?.status === 'passed';
  const isEnough = holds && (isPass || options.requirePass !== true);
  if (options.json === true) {
    printJson({
      schema: 'proofbox.verification/v1',
      holds,
      run_id: report?.run_id ?? null,
      status: holds ? (report?.status ?? null) : null,
      checks,
    });
  } else {
    for (const { id, status, detail } of checks) say(`  ${MARK[status]} ${id.padEnd(28)} ${visible(detail)}`);
    say('');
    if (!holds)
      say(`${pc.red(pc.bold('DOES NOT HOLD'))}  the bundle is not what it says: do not rely on its verdict`);
    else
      say(
        `${pc.green(pc.bold('HOLDS'))}  the evidence is what it says; its verdict is ${isPass ? pc.green('PASSED') : pc.red((report?.status ?? 'unknown').toUpperCase())}`,
      );
  }
  process.exitCode = isEnough ? EXIT.passed : EXIT.failed;
}

/** By name from the fixtures that are shipped, or the folder that was given: one with fixture.json, or a workspace. */
async function fixtureWorkspace(
  nameOrPath: string,
  isGiven: boolean,
): Promise<{ workspace: string } | { problem: string }> {
  // A bundle must not choose which folder of the reader's machine is looked at.
  if (!isGiven && !/^[a-z0-9][a-z0-9._-]*$/i.test(nameOrPath))
    return { problem: 'the bundle names its fixture by a path; give its folder with --fixture' };
  try {
    const isBare = isGiven && (await lstat(join(nameOrPath, 'fixture.json')).catch(() => null)) === null;
    if (isBare && (await lstat(nameOrPath).catch(() => null))?.isDirectory())
      return { workspace: resolve(nameOrPath) };
    return { workspace: (await loadFixture(nameOrPath, FIXTURES_DIR)).workspace };
  } catch (error) {
    const named = isGiven ? '' : ', or give its folder with --fixture';
    return { problem: `${(error as Error).message}${named}` };
  }
}
