/** `proofbox doctor`: prints what this host can and cannot do. */
import pc from 'picocolors';
import { examine } from '../docker/doctor.ts';
import { EXIT } from '../errors.ts';
import { printJson, say } from './output.ts';

const MARK = { ok: pc.green('✔'), warn: pc.yellow('!'), fail: pc.red('✖') };

/** Exit code 0 where nothing failed, 4 otherwise. */
export async function doctor(options: { json?: boolean }): Promise<void> {
  const checks = await examine();
  if (options.json === true) printJson({ checks });
  else
    for (const { id, status, found, fix } of checks)
      say(`${MARK[status]} ${id.padEnd(14)} ${found}${fix === null ? '' : `\n  ${' '.repeat(15)}${fix}`}`);
  process.exitCode = checks.some((check) => check.status === 'fail') ? EXIT.host : EXIT.passed;
}
