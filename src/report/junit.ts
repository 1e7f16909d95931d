/** The report as JUnit XML: each proof a test case, so that any CI shows it. The format is the one Jenkins reads. */
import junit, { type Builder } from 'junit-report-builder';
import type { Report } from '../schema/report.ts';
import { visible } from './untrusted.ts';

/** One test suite. Pure: equal reports give equal text. */
export function renderJunit(report: Report): string {
  // The package exports the builder itself, its types a module around it.
  const builder = (junit as unknown as Builder).newBuilder();
  const suite = builder
    .testSuite()
    .name(`proofbox ${report.fixture.id} ${report.backend}`)
    .timestamp(report.freshness_proof.started_at)
    .time(report.usage.wall_ms / 1000)
    .property('run_id', report.run_id)
    .property('status', report.status)
    .property('image', report.image.digest);
  for (const { id, status, claim, detail, requirements } of report.proofs) {
    const one = suite.testCase().className(`proofbox.${report.fixture.id}`).name(id);
    const text = visible(`${claim} ${detail} (${requirements.join(', ')})`);
    if (status === 'failed') one.failure(text, 'proof');
    else if (status === 'not_applicable') one.skipped().standardOutput(text);
    else one.standardOutput(text);
  }
  // A blocker without a failed proof, such as a closed gate, must not look like a pass.
  const verdict = suite.testCase().className(`proofbox.${report.fixture.id}`).name('verdict');
  if (report.status !== 'passed') {
    const why = report.blockers.map(({ code, message }) => visible(`${code}: ${message}`));
    verdict.failure([report.status, ...why].join('\n'), 'verdict');
  }
  return builder.build();
}
