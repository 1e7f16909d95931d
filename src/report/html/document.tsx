/**
 * report.html: one file that loads nothing and runs nothing. Its policy allows no script at all and only the style
 * sheet inside it, so that text which an engine brought into the page can neither act nor dress up as a verdict.
 */
import type { Report } from '../../schema/report.ts';
import type { Page } from '../../verdict/page-data.ts';
import { Baseline, Claims, Provider, sectionsBeside } from './beside.tsx';
import { Cage } from './cage.tsx';
import { Facts, Programs, Tests } from './facts.tsx';
import { renderPage } from './page.tsx';
import { Patch } from './patch.tsx';
import { Proofs } from './proofs.tsx';
import { Timeline } from './timeline.tsx';
import { Blockers, Verdict } from './verdict.tsx';
import { Writes } from './writes.tsx';

const SECTIONS = ['proofs', 'cage', 'timeline', 'writes', 'patch', 'tests', 'programs', 'facts'];

/** The whole page. Pure: equal reports and pages give equal text. */
export function renderHtml(report: Report, page: Page): string {
  const title = `${report.status.toUpperCase()} · proofbox run ${report.run_id}`;
  return renderPage(title, <Sections report={report} page={page} />);
}

function Sections({ report, page }: { report: Report; page: Page }) {
  return (
    <>
      <Verdict report={report} page={page} />
      <nav aria-label="Sections">
        {[...SECTIONS, ...sectionsBeside(report)].map((id) => (
          <a href={`#${id}`}>{id}</a>
        ))}
      </nav>
      <Blockers report={report} />
      <Proofs report={report} page={page} />
      <Cage report={report} page={page} />
      <Timeline report={report} page={page} />
      <Writes report={report} page={page} />
      <Patch report={report} page={page} />
      <Tests report={report} page={page} />
      <Programs page={page} />
      <Baseline report={report} />
      <Claims report={report} />
      <Provider report={report} />
      <Facts report={report} />
    </>
  );
}
