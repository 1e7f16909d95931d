/** The head of the page: what happened, in one glance, and what to do about it. */
import type { Report } from '../../schema/report.ts';
import type { Page } from '../../verdict/page-data.ts';
import { ADVICE } from '../advice.ts';
import { summary } from '../summary.ts';
import { Hostile, Section, seconds } from './text.tsx';

const WORD = { passed: 'Passed', failed: 'Failed', blocked: 'Blocked', interrupted: 'Interrupted' } as const;
const SIGN = { passed: '✔', failed: '✖', blocked: '⊘', interrupted: '■' } as const;

export function Verdict({ report, page }: { report: Report; page: Page }) {
  const rows: [string, preact.JSX.Element | string][] = [
    ['Engine', report.backend],
    ['Fixture', <Hostile text={report.fixture.title} />],
    ['Took', seconds(report.usage.wall_ms)],
    ['Started', report.freshness_proof.started_at],
    [
      'Record',
      report.status === 'blocked'
        ? 'none'
        : `${report.recorder.coverage}, ${report.recorder.records} attempts, ${report.recorder.programs} programs`,
    ],
    ['Signed', page.signer === null ? 'no' : `by key ${page.signer.slice(0, 16)}…`],
  ];
  return (
    <header class={`verdict ${report.status}`}>
      <p class="word">
        <span aria-hidden="true">{SIGN[report.status]}</span> {WORD[report.status]}
      </p>
      <h1>
        Run <code>{report.run_id}</code> of <Hostile text={report.fixture.id} />
      </h1>
      <p class="summary">{summary(report)}</p>
      <dl>
        {rows.map(([key, value]) => (
          <div>
            <dt>{key}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

export function Blockers({ report }: { report: Report }) {
  if (report.blockers.length === 0) return null;
  return (
    <Section id="blockers" title="Why it is not a pass, and what to do">
      {report.host_problem === null ? null : (
        <p>
          This host could not make the cage: <Hostile text={report.host_problem} />
        </p>
      )}
      <ul class="blockers">
        {report.blockers.map(({ code, message, requirement }) => (
          <li>
            <strong>{code}</strong>
            {requirement === null ? null : <small> {requirement}</small>}
            <p>
              <Hostile text={message} />
            </p>
            <p class="advice">{ADVICE[code]}</p>
          </li>
        ))}
      </ul>
    </Section>
  );
}
