/** The verdict at the end of a run, for a person at a terminal. */
import { join, relative } from 'node:path';
import pc from 'picocolors';
import { visible } from '../report/untrusted.ts';
import type { Report } from '../schema/report.ts';
import { say } from './output.ts';

const MARK = { passed: pc.green('✔'), failed: pc.red('✖'), not_applicable: pc.dim('–') };

/** Verdict, proofs, blockers and where the evidence lies; with `brief` only verdict and blockers. */
export function printVerdict(report: Report, directory: string, brief: boolean): void {
  const word =
    report.status === 'passed' ? pc.green(pc.bold('PASSED')) : pc.red(pc.bold(report.status.toUpperCase()));
  if (!brief) {
    say('');
    for (const proof of report.proofs)
      say(`  ${MARK[proof.status]} ${proof.id.padEnd(22)} ${visible(proof.detail)}`);
    say('');
    for (const file of report.changed_files.slice(0, 20))
      say(`  ${file.allowed ? pc.green('changed') : pc.red('changed, not allowed')} ${visible(file.path)}`);
    const { writes } = report;
    const allowed = writes.workspace.allowed + writes.artifacts.allowed;
    say(
      `  ${allowed} writes allowed in the two folders, ${writes.none.denied} denied outside them; recorder ${report.recorder.coverage}`,
    );
    say('');
  }
  say(
    `${word}  ${report.fixture.id} with ${report.backend} in ${(report.usage.wall_ms / 1000).toFixed(2)} s`,
  );
  if (report.host_problem !== null)
    say(`error: ${visible(report.host_problem)}; type proofbox doctor to see what this host lacks`);
  for (const blocker of report.blockers) say(`  ${pc.red(blocker.code)}: ${visible(blocker.message)}`);
  const place = relative(process.cwd(), join(directory, 'artifacts'));
  say(`evidence: ${place.startsWith('..') ? join(directory, 'artifacts') : place}`);
}
