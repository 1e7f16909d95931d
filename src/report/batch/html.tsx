/** The summary of a batch as one page that loads nothing and runs nothing. */
import type { BatchReport } from '../../schema/batch.ts';
import { renderPage } from '../html/page.tsx';
import { Hostile, seconds } from '../html/text.tsx';
import { percent, verdictLine } from './words.ts';

/** Pure: equal summaries give equal text. */
export function renderBatchHtml(report: BatchReport): string {
  return renderPage(`${verdictLine(report)} · proofbox batch`, <Summary report={report} />);
}

function Summary({ report }: { report: BatchReport }) {
  const isGood = report.exit_code === 0 && report.not_run === 0;
  return (
    <>
      <header class={`verdict ${isGood ? 'passed' : 'failed'}`}>
        <h1>proofbox batch</h1>
        <p class="word">{verdictLine(report)}</p>
        <p class="summary">
          Manifest <code>{report.manifest}</code>; each run has a bundle of its own under <code>runs/</code>.
        </p>
      </header>
      <Cells report={report} />
      <Runs report={report} />
    </>
  );
}

function Cells({ report }: { report: BatchReport }) {
  return (
    <section aria-labelledby="cells-title">
      <h2 id="cells-title">By fixture and engine</h2>
      <table>
        <thead>
          <tr>
            {['fixture', 'engine', 'runs', 'passed', 'rate', 'as expected', 'median', 'p95', 'blockers'].map(
              (head) => (
                <th scope="col">{head}</th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {report.cells.map((cell) => (
            <tr>
              <td>
                <Hostile text={cell.fixture} />
              </td>
              <td>{cell.engine}</td>
              <td class="number">{cell.runs}</td>
              <td class="number">{cell.passed}</td>
              <td class="number">{percent(cell.pass_rate)}</td>
              <td class="number">{cell.as_expected}</td>
              <td class="number">{cell.wall === null ? '–' : seconds(cell.wall.median)}</td>
              <td class="number">{cell.wall === null ? '–' : seconds(cell.wall.p95)}</td>
              <td>
                {Object.entries(cell.blockers)
                  .map(([code, count]) => `${code} ${count}`)
                  .join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Far more than a person reads; all of them are in batch.json. */
const MOST_RUNS = 2000;

function Runs({ report }: { report: BatchReport }) {
  const worstFirst = [...report.all].sort(
    (a, b) => Number(a.status === 'passed') - Number(b.status === 'passed'),
  );
  const left = worstFirst.length - MOST_RUNS;
  return (
    <section aria-labelledby="runs-title">
      <h2 id="runs-title">Runs</h2>
      <table>
        <tbody>
          {worstFirst.slice(0, MOST_RUNS).map((run) => (
            <tr>
              <td>
                <a href={`runs/${run.key}/artifacts/report.html`}>{run.key}</a>
              </td>
              <td class={run.status === 'passed' ? 'allowed' : 'denied'}>{run.status}</td>
              <td class="number">{seconds(run.wall_ms)}</td>
              <td>
                {run.blockers.join(', ')}
                {run.error === null ? '' : <Hostile text={run.error} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 ? <p>{`and ${left} more in batch.json`}</p> : ''}
    </section>
  );
}
