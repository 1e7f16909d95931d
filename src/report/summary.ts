/** The whole run in one or two sentences, the same in every rendering. Pure; contains no text of an engine. */
import type { Report } from '../schema/report.ts';

export function summary(report: Report): string {
  if (report.status === 'blocked') {
    const gates = report.blockers.length;
    return `${gates} ${gates === 1 ? 'gate was' : 'gates were'} closed: no container was made, nothing ran and nothing changed.`;
  }
  const { proofs, writes, changed_files: changed } = report;
  const count = (status: string) => proofs.filter((proof) => proof.status === status).length;
  const [failed, skipped] = [count('failed'), count('not_applicable')];
  const held = `${count('passed')} of ${proofs.length} proofs hold`;
  const rest = [failed > 0 ? `${failed} fail` : '', skipped > 0 ? `${skipped} do not apply` : ''].filter(
    (text) => text !== '',
  );
  const inside = writes.workspace.allowed + writes.artifacts.allowed;
  const outside = writes.none.denied;
  const degraded =
    'Degraded: this runtime has no place for the recorder, so that nothing is known of single writes.';
  return [
    ...(report.recorder.degraded === true ? [degraded] : []),
    `${[held, ...rest].join(', ')}.`,
    `${changed.length} ${changed.length === 1 ? 'entry' : 'entries'} changed; ${inside} writes inside the two folders, ${outside} outside them refused; ${tests(report)}.`,
  ].join(' ');
}

function tests({ verification }: Report): string {
  if (verification === null) return 'no tests';
  const { before, after } = verification;
  const say = (run: typeof before) => (run === null ? 'did not run' : run.passed ? 'passed' : 'failed');
  return `the tests ${say(before)} before and ${say(after)} after`;
}

/** What stands around the cage beside it, in one sentence. Holds words of the evidence: make them visible. */
export function surroundings(it: NonNullable<Report['cage']['confinement']>): string {
  const users =
    it.user_namespace === 'shared' ? "user numbers are the host's own" : 'user numbers are remapped';
  const engine = it.rootless ? 'the container engine is rootless' : 'the container engine runs as root';
  const label = it.security_label === null ? 'no AppArmor or SELinux label' : `label ${it.security_label}`;
  return `${users}; ${engine}; ${label}; runtime ${it.runtime}`;
}
