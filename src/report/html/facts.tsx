/** The sections at the end: tests, programs, and what ties the bundle to its run. */
import type { Report } from '../../schema/report.ts';
import type { Page } from '../../verdict/page-data.ts';
import { Hostile, Mark, plural, Section, seconds } from './text.tsx';

const MAX_PROGRAMS = 150;

export function Tests({ report, page }: { report: Report; page: Page }) {
  const { verification } = report;
  if (verification === null)
    return (
      <Section id="tests" title="Tests">
        <p>The contract names no test command.</p>
      </Section>
    );
  return (
    <Section id="tests" title="Tests">
      <p>
        <Hostile text={verification.command.join(' ')} />
      </p>
      <ul>
        {(['before', 'after'] as const).map((when) => {
          const run = verification[when];
          return (
            <li>
              {when} the engine:{' '}
              {run === null ? (
                'not run'
              ) : (
                <>
                  <Mark status={run.passed ? 'passed' : 'failed'} />{' '}
                  {run.stopped ??
                    (run.signal === null ? `exit code ${run.exit_code}` : `signal ${run.signal}`)}{' '}
                  after {seconds(run.duration_ms)}
                  {when === 'before' && verification.before_run !== undefined
                    ? `, in run ${verification.before_run}`
                    : ''}
                </>
              )}
            </li>
          );
        })}
      </ul>
      <details>
        <summary>
          test.log, {plural(page.test_log.size, 'byte')}
          {page.test_log.truncated ? ', its beginning' : ''}
        </summary>
        <Hostile text={page.test_log.text} block />
      </details>
    </Section>
  );
}

export function Programs({ page }: { page: Page }) {
  const { programs, other_programs: others } = page.activity;
  const more = programs.length - Math.min(programs.length, MAX_PROGRAMS) + others;
  return (
    <Section id="programs" title="Programs it started">
      <details>
        <summary>{plural(programs.length + others, 'program')}</summary>
        <ol class="programs">
          {programs.slice(0, MAX_PROGRAMS).map(({ pid, ppid, path, argv, verdict }) => (
            <li class={verdict}>
              <small>
                {ppid} → {pid}
              </small>{' '}
              <Hostile text={path} /> <Hostile text={argv.slice(1).join(' ').slice(0, 300)} />
            </li>
          ))}
        </ol>
        {more > 0 ? <p>and {plural(more, 'more program')}, in processes.jsonl</p> : null}
      </details>
    </Section>
  );
}

export function Facts({ report }: { report: Report }) {
  const { freshness_proof: fresh } = report;
  const rows: [string, string][] = [
    ['nonce', fresh.nonce],
    ['started', fresh.started_at],
    ['finished', fresh.finished_at],
    ['container', fresh.container_id ?? 'none'],
    ['image', `${report.image.reference} ${report.image.digest}`],
    ['contract', report.contract_digest],
    ['fixture', report.fixture.digest],
  ];
  return (
    <Section id="facts" title="What ties it to this run">
      <dl class="facts">
        {rows.map(([key, value]) => (
          <div>
            <dt>{key}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
      </dl>
      <p>
        Do not rely on this page: anybody can write one. <code>proofbox verify</code> derives every line of it
        again from the other files beside it, and says whether it shows anything else.
      </p>
    </Section>
  );
}
