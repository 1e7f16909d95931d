/**
 * report.md: the report for people, short enough for a pull request comment: the verdict first, details folded.
 * Everything an engine could have written (paths, messages) is shown as code that cannot end itself, so that it can
 * neither break the page nor look like a verdict.
 */
import type { Report } from '../schema/report.ts';
import { ADVICE } from './advice.ts';
import { summary, surroundings } from './summary.ts';
import { visible } from './untrusted.ts';

const MARK = { passed: '✅', failed: '❌', not_applicable: '➖' } as const;
const WORD = {
  passed: '✅ Passed',
  failed: '❌ Failed',
  blocked: '⛔ Blocked',
  interrupted: '⏹ Interrupted',
} as const;
const MAX_ROWS = 30;
/** Characters of one finding; the whole stands in report.json. */
const MAX_DETAIL = 300;

/** Renders a report. Pure: equal reports give equal text. */
export function renderMarkdown(report: Report): string {
  const sections = [
    `## ${WORD[report.status]}: ${code(report.fixture.id)} with ${report.backend}`,
    summary(report),
    blockers(report),
    fold(proofsTitle(report), proofs(report)),
    fold(`Changed entries: ${report.changed_files.length}`, changes(report)),
    fold('Tests, write attempts, cage', [tests(report), writes(report), cage(report)].join('\n\n')),
    baseline(report),
    claims(report),
    provider(report),
    `<sub>Run ${report.run_id}, ${(report.usage.wall_ms / 1000).toFixed(2)} s, recorder ${report.recorder.coverage}. Check it yourself: <code>proofbox verify</code>.</sub>`,
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

/** Text of unknown origin as inline code: control characters shown as escapes, backticks fenced, pipes kept off tables. */
export function code(text: string): string {
  const shown = visible(text).replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  const pad = shown.startsWith('`') || shown.endsWith('`') || shown === '' ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

function blockers(report: Report): string {
  if (report.blockers.length === 0) return '';
  return report.blockers
    .map(({ code: name, message }) => `- **${name}**: ${code(short(message))}<br>${ADVICE[name]}`)
    .join('\n');
}

function proofsTitle({ proofs: all }: Report): string {
  return `Proofs: ${all.map(({ status }) => MARK[status]).join('')}`;
}

function proofs(report: Report): string {
  const rows = report.proofs.map(
    ({ id, status, detail, requirements }) =>
      `| ${MARK[status]} | ${id} | ${code(short(detail))} | ${requirements.join(', ')} |`,
  );
  return `| | proof | finding | requirements |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n\nWhat each rests on, place by place: report.json and report.html.`;
}

function changes(report: Report): string {
  if (report.changed_files.length === 0) return 'None.';
  const rows = report.changed_files
    .slice(0, MAX_ROWS)
    .map((file) => `| ${code(file.path)} | ${file.change} | ${file.allowed ? 'yes' : '**no**'} |`);
  const rest = report.changed_files.length - MAX_ROWS;
  const more = rest > 0 ? `\n\n…and ${rest} more in report.json.` : '';
  const { changed, patterns } = report.engine_state;
  const state =
    changed > 0
      ? `\n\nLeft out as engine state: ${changed} changes under ${patterns.map(code).join(', ')}.`
      : '';
  return `| entry | change | allowed |\n| --- | --- | --- |\n${rows.join('\n')}${more}${state}`;
}

function tests(report: Report): string {
  if (report.verification === null) return 'The contract names no test command.';
  const { command, before, before_run: other, after } = report.verification;
  const of = other === undefined ? '' : ` (in run ${code(other)})`;
  const say = (run: typeof before) =>
    run === null
      ? 'not run'
      : `${run.passed ? 'passed' : 'failed'} (exit ${run.exit_code ?? `signal ${run.signal ?? '?'}`}, ${(run.duration_ms / 1000).toFixed(2)} s)`;
  return `Tests ${code(command.join(' '))}: before the engine **${say(before)}**${of}, after it **${say(after)}**.`;
}

function writes(report: Report): string {
  const { denied_paths, ...roots } = report.writes;
  const rows = Object.entries(roots).map(
    ([root, count]) => `| ${root} | ${count.allowed} | ${count.denied} |`,
  );
  const denied = denied_paths.slice(0, MAX_ROWS).map(({ path, attempts }) => `- ${code(path)} × ${attempts}`);
  const refused = denied.length === 0 ? '' : `\n\nRefused, most frequent first:\n\n${denied.join('\n')}`;
  return `| root | allowed | refused |\n| --- | --- | --- |\n${rows.join('\n')}${refused}`;
}

function cage({ cage: it }: Report): string {
  const { versions } = it;
  return [
    `- writable: ${it.binds.map(code).join(', ') || 'unknown'}; root file system ${it.read_only_root ? 'read-only' : '**writable**'}`,
    `- network ${code(it.network)}; user ${code(it.user)}; capabilities ${code(it.capabilities)}; no-new-privileges ${it.no_new_privileges ? 'on' : '**off**'}; seccomp ${code(it.seccomp)}`,
    ...(it.confinement === undefined ? [] : [`- ${code(surroundings(it.confinement))}`]),
    `- engine ${code(versions.engine)}, containerd ${code(versions.containerd ?? 'unknown')}, runc ${code(versions.runc ?? 'unknown')}, kernel ${code(versions.kernel)}`,
  ].join('\n');
}

function baseline({ baseline: it, backend, verification }: Report): string {
  if (it === null) return '';
  const { comparison } = it;
  const number = (value: number | null) => (value === null ? '–' : String(Math.round(value)));
  const rows = [
    `| verdict | ${it.status} | above |`,
    `| tests after | ${passed(it.tests.after)} | ${passed(verification?.after?.passed ?? null)} |`,
    ...comparison.measures.map(({ name, fake, run }) => `| ${name} | ${number(fake)} | ${number(run)} |`),
    ...comparison.changed_files
      .slice(0, MAX_ROWS)
      .map(
        ({ path, fake, run, same }) =>
          `| ${code(path)} | ${fake?.change ?? 'left alone'} | ${run?.change ?? 'left alone'}${same ? ', the same' : ', **otherwise**'} |`,
      ),
  ];
  const title = `Beside the fake lane of the same run: ${comparison.same_result ? 'the same result' : 'another result'}`;
  const where = `Bundles: ${code(comparison.artifacts.fake)} and ${code(comparison.artifacts.run)}, with their digests in report.json.`;
  return fold(title, `| | fake | ${backend} |\n| --- | --- | --- |\n${rows.join('\n')}\n\n${where}`);
}

function claims({ engine_claims: it, candidate }: Report): string {
  if (it === undefined) return '';
  const source = candidate === undefined ? [] : [`- made of commit ${code(candidate.commit)}, not admitted`];
  const said = [
    ...source,
    `- it says: ${code(it.outcome ?? 'nothing of an end')}, tests ${passed(it.tests_passed)}, ${it.files_changed.length} files changed`,
    ...it.contradictions.slice(0, MAX_ROWS).map((text) => `- **contradicted**: ${code(short(text))}`),
  ];
  return fold(
    `What the engine says of itself: ${it.contradictions.length === 0 ? 'not contradicted' : `${it.contradictions.length} contradictions`}`,
    said.join('\n'),
  );
}

function provider({ provider: it }: Report): string {
  if (it === undefined) return '';
  return `Its model (${it.mode}): ${it.requests} requests, ${it.failures} not answered as they must be; ${it.tokens.input} tokens in, ${it.tokens.output} out.`;
}

function passed(value: boolean | null): string {
  return value === null ? 'did not run' : value ? 'passed' : 'failed';
}

function short(text: string): string {
  return text.length <= MAX_DETAIL ? text : `${text.slice(0, MAX_DETAIL)}…`;
}

function fold(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;
}
