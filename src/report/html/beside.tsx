/** What stands beside a run of the engine under review: the fake lane, what the engine claims, and its model. */
import type { Report } from '../../schema/report.ts';
import { Hostile, plural, Section } from './text.tsx';

const MAX_ROWS = 100;

export function Baseline({ report }: { report: Report }) {
  const { baseline } = report;
  if (baseline === null) return null;
  const { comparison } = baseline;
  const files = comparison.changed_files;
  return (
    <Section id="baseline" title="Beside the fake lane of the same run">
      <p>
        {comparison.same_result
          ? 'Both changed the same files to the same content, and the tests ended the same way.'
          : 'The two came to different results.'}{' '}
        The fake lane {baseline.status}; its bundle is <code>{comparison.artifacts.fake}</code>, this one is{' '}
        <code>{comparison.artifacts.run}</code>.
      </p>
      <table>
        <thead>
          <tr>
            <th />
            <th>fake</th>
            <th>{report.backend}</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>tests after</td>
            <td>{tested(baseline.tests.after)}</td>
            <td>{tested(report.verification?.after?.passed ?? null)}</td>
          </tr>
          {comparison.measures.map(({ name, fake, run }) => (
            <tr>
              <td>{name}</td>
              <td>{number(fake)}</td>
              <td>{number(run)}</td>
            </tr>
          ))}
          {files.slice(0, MAX_ROWS).map(({ path, fake, run, same }) => (
            <tr>
              <td>
                <Hostile text={path} />
              </td>
              <td>{fake?.change ?? 'left alone'}</td>
              <td>
                {run?.change ?? 'left alone'}
                {same ? ', the same' : ', otherwise'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {files.length > MAX_ROWS ? (
        <p>and {plural(files.length - MAX_ROWS, 'more entry', 'more entries')}</p>
      ) : null}
    </Section>
  );
}

export function Claims({ report }: { report: Report }) {
  const { engine_claims: claims, candidate } = report;
  if (claims === undefined) return null;
  return (
    <Section id="claims" title="What the engine says of itself">
      {candidate === undefined ? null : (
        <p>
          Commit <code>{candidate.commit}</code>, tree <code>{candidate.digest}</code>, packages{' '}
          <code>{candidate.packages}</code>. Its source is not admitted.
        </p>
      )}
      <p>
        It says that it <Hostile text={claims.outcome ?? 'never ended'} />, that the tests{' '}
        {tested(claims.tests_passed)}, and that it changed {plural(claims.files_changed.length, 'file')}.
        Nothing above rests on it.
      </p>
      {claims.contradictions.length === 0 ? (
        <p>What was seen contradicts none of it.</p>
      ) : (
        <ul>
          {claims.contradictions.slice(0, MAX_ROWS).map((text) => (
            <li>
              <Hostile text={text} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

export function Provider({ report }: { report: Report }) {
  const { provider } = report;
  if (provider === undefined) return null;
  return (
    <Section id="provider" title="Its model">
      <p>
        {provider.mode}
        {provider.endpoint === null ? null : (
          <>
            {' '}
            at <Hostile text={provider.endpoint} />
          </>
        )}
        : {plural(provider.requests, 'request')}, {provider.failures} not answered as they must be;{' '}
        {provider.tokens.input} tokens in, {provider.tokens.output} out. Each stands in provider.jsonl.
      </p>
    </Section>
  );
}

/** Which of these sections a report has. */
export function sectionsBeside({ baseline, engine_claims: claims, provider }: Report): string[] {
  return [
    ...(baseline === null ? [] : ['baseline']),
    ...(claims === undefined ? [] : ['claims']),
    ...(provider === undefined ? [] : ['provider']),
  ];
}

function tested(passed: boolean | null): string {
  return passed === null ? 'did not run' : passed ? 'passed' : 'failed';
}

function number(value: number | null): string {
  return value === null ? '–' : String(Math.round(value));
}
