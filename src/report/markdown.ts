/**
 * report.md: the report for people, short enough for a pull request comment. Everything an engine could have
 * written (paths, messages) is shown as code that cannot end itself, so that it can neither break the page nor
 * look like a verdict.
 */
import type { Report } from '../schema/report.ts';
import { visible } from './untrusted.ts';

const MARK = { passed: '✅', failed: '❌', not_applicable: '➖' } as const;
const MAX_ROWS = 50;

/** Renders a report. Pure: equal reports give equal text. */
export function renderMarkdown(report: Report): string {
  const sections = [
    header(report),
    blockers(report),
    proofs(report),
    changes(report),
    tests(report),
    writes(report),
    cage(report),
    freshness(report),
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

function header(report: Report): string {
  const word = {
    passed: '✅ PASSED',
    failed: '❌ FAILED',
    blocked: '⛔ BLOCKED',
    interrupted: '⛔ INTERRUPTED',
  }[report.status];
  const rows = [
    ['Run', code(report.run_id)],
    ['Fixture', `${code(report.fixture.id)} ${code(report.fixture.title)}`],
    ['Engine', code(report.backend)],
    ['Image', code(report.image.digest)],
    ['Duration', `${(report.usage.wall_ms / 1000).toFixed(2)} s`],
    [
      'Recorder',
      `${report.recorder.coverage}, ${report.recorder.records} write attempts, ${report.recorder.programs} programs`,
    ],
  ];
  return `# ${word}\n\n| | |\n| --- | --- |\n${rows.map(([key, value]) => `| ${key} | ${value} |`).join('\n')}`;
}

function blockers(report: Report): string {
  if (report.blockers.length === 0) return '';
  const lines = report.blockers.map(
    ({ code: name, message, requirement }) =>
      `- **${name}**${requirement === null ? '' : ` (${requirement})`}: ${code(message)}`,
  );
  return `## Why it is not a pass\n\n${lines.join('\n')}`;
}

function proofs(report: Report): string {
  const rows = report.proofs.map(
    (proof) =>
      `| ${MARK[proof.status]} | ${proof.id} | ${proof.claim} | ${code(proof.detail)} | ${proof.requirements.join(', ')} |`,
  );
  const pointers = report.proofs.map((proof) => {
    const places = proof.evidence.map(
      (pointer) =>
        `  - ${code(pointer.file)}${pointer.at === undefined ? '' : ` ${code(pointer.at)}`} ${pointer.digest ?? 'missing'}`,
    );
    return `- ${proof.id}\n${places.join('\n')}`;
  });
  return [
    '## Proofs',
    `| | proof | claim | finding | requirements |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}`,
    fold('What each proof rests on', pointers.join('\n')),
  ].join('\n\n');
}

function changes(report: Report): string {
  if (report.changed_files.length === 0) return '## Changed files\n\nNone.';
  const rows = report.changed_files
    .slice(0, MAX_ROWS)
    .map((file) => `| ${code(file.path)} | ${file.change} | ${file.allowed ? 'yes' : '**no**'} |`);
  const rest = report.changed_files.length - MAX_ROWS;
  const more = rest > 0 ? `\n\n…and ${rest} more in report.json.` : '';
  const state =
    report.engine_state.changed > 0
      ? `\n\nLeft out as engine state: ${report.engine_state.changed} changes under ${report.engine_state.patterns.map(code).join(', ')}.`
      : '';
  return `## Changed files\n\n| file | change | allowed |\n| --- | --- | --- |\n${rows.join('\n')}${more}${state}`;
}

function tests(report: Report): string {
  if (report.verification === null) return '## Tests\n\nThe contract names no test command.';
  const { command, before, after } = report.verification;
  const say = (run: typeof before) =>
    run === null
      ? 'not run'
      : `${run.passed ? 'passed' : 'failed'} (exit ${run.exit_code ?? `signal ${run.signal ?? '?'}`}, ${(run.duration_ms / 1000).toFixed(2)} s)`;
  return `## Tests\n\n${code(command.join(' '))}: before the engine **${say(before)}**, after it **${say(after)}**.`;
}

function writes(report: Report): string {
  const { denied_paths, ...roots } = report.writes;
  const rows = Object.entries(roots).map(
    ([root, count]) => `| ${root} | ${count.allowed} | ${count.denied} |`,
  );
  const denied = denied_paths.map(({ path, attempts }) => `- ${code(path)} × ${attempts}`);
  return [
    '## Write attempts',
    `| root | allowed | denied |\n| --- | --- | --- |\n${rows.join('\n')}`,
    denied.length === 0 ? '' : fold('Denied paths', denied.join('\n')),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function cage({ cage: it }: Report): string {
  const { versions } = it;
  const lines = [
    `- writable: ${it.binds.map(code).join(', ') || 'unknown'}; root file system ${it.read_only_root ? 'read-only' : '**writable**'}`,
    `- network ${code(it.network)}; user ${code(it.user)}; capabilities ${code(it.capabilities)}; no-new-privileges ${it.no_new_privileges ? 'on' : '**off**'}; seccomp ${code(it.seccomp)}`,
    `- engine ${code(versions.engine)}, containerd ${code(versions.containerd ?? 'unknown')}, runc ${code(versions.runc ?? 'unknown')}, kernel ${code(versions.kernel)}`,
  ];
  return fold('The cage', lines.join('\n'));
}

function freshness({ freshness_proof: it }: Report): string {
  const lines = [
    `- nonce ${code(it.nonce)}`,
    `- started ${it.started_at}, finished ${it.finished_at}`,
    `- container ${code(it.container_id ?? 'none')}`,
  ];
  return fold('Freshness', lines.join('\n'));
}

function fold(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;
}
