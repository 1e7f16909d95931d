/** The summary of a batch as JUnit XML: a suite for each fixture and engine, a case for each run. */
import junit, { type Builder } from 'junit-report-builder';
import type { BatchReport } from '../../schema/batch.ts';
import { visible } from '../untrusted.ts';

/** Pure: equal summaries give equal text. */
export function renderBatchJunit(report: BatchReport): string {
  const builder = (junit as unknown as Builder).newBuilder();
  for (const { fixture, engine } of report.cells) {
    const suite = builder
      .testSuite()
      .name(visible(`${fixture} ${engine}`))
      .timestamp(report.made_at);
    for (const run of report.all.filter((one) => one.fixture === fixture && one.engine === engine)) {
      const one = suite
        .testCase()
        .className(visible(`proofbox.${fixture}.${engine}`))
        .name(run.key)
        .time(run.wall_ms / 1000);
      if (run.status === 'passed') continue;
      const why = [run.status, ...run.blockers, ...(run.error === null ? [] : [visible(run.error)])];
      one.failure(why.join('\n'), 'verdict');
    }
  }
  // What was asked for and never run must not look like a pass.
  if (report.not_run > 0)
    builder
      .testSuite()
      .name('proofbox batch')
      .testCase()
      .className('proofbox')
      .name('every run that was asked for')
      .failure(`${report.not_run} of ${report.asked} runs were not run`, 'batch');
  return builder.build();
}
