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
      report.recorder.degraded === true
        ? '  degraded: this runtime has no place for the recorder, and nothing is known of single writes'
        : `  ${allowed} writes allowed in the two folders, ${writes.none.denied} denied outside them; recorder ${report.recorder.coverage}`,
    );
    printBeside(report);
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

/** The fake lane beside it, what it claims against what was seen, and its model. */
function printBeside({ baseline, engine_claims: claims, provider, backend }: Report): void {
  if (provider !== undefined)
    say(
      `  model (${provider.mode}): ${provider.requests} requests, ${provider.failures} not answered as they must be`,
    );
  if (baseline !== null) {
    const { comparison } = baseline;
    const side = comparison.measures.map(({ name, fake, run }) => `${name} ${rounded(fake)}/${rounded(run)}`);
    const result = comparison.same_result ? pc.green('the same result') : pc.yellow('another result');
    say(`  beside the fake lane (${baseline.status}): ${result}; fake/${backend}: ${side.join(', ')}`);
  }
  for (const text of claims?.contradictions.slice(0, 10) ?? [])
    say(`  ${pc.yellow('contradicted')}: ${visible(text)}`);
}

function rounded(value: number | null): string {
  return value === null ? '–' : String(Math.round(value));
}
