/**
 * report.html: one file that loads nothing and runs nothing. Its policy allows no script at all and only the style
 * sheet inside it, so that text which an engine brought into the page can neither act nor dress up as a verdict.
 */
import { render } from 'preact-render-to-string';
import type { Report } from '../../schema/report.ts';
import type { Page } from '../../verdict/page-data.ts';
import { Baseline, Claims, Provider, sectionsBeside } from './beside.tsx';
import { Cage } from './cage.tsx';
import { Facts, Programs, Tests } from './facts.tsx';
import { Patch } from './patch.tsx';
import { POLICY } from './policy.ts';
import { Proofs } from './proofs.tsx';
import { STYLE } from './style.ts';
import { Timeline } from './timeline.tsx';
import { Blockers, Verdict } from './verdict.tsx';
import { Writes } from './writes.tsx';

const SECTIONS = ['proofs', 'cage', 'timeline', 'writes', 'patch', 'tests', 'programs', 'facts'];

/** The whole page. Pure: equal reports and pages give equal text. */
export function renderHtml(report: Report, page: Page): string {
  return `<!doctype html>\n${render(<Document report={report} page={page} />)}\n`;
}

function Document({ report, page }: { report: Report; page: Page }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>{`${report.status.toUpperCase()} · proofbox run ${report.run_id}`}</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <main>
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
        </main>
      </body>
    </html>
  );
}
