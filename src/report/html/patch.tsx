/** The patch side by side, changed words marked. What does not parse as a patch is shown as it is. */
import { diffWordsWithSpace, parsePatch, type StructuredPatch } from 'diff';
import type { Report } from '../../schema/report.ts';
import type { Excerpt, Page } from '../../verdict/page-data.ts';
import { visible } from '../untrusted.ts';
import { Hostile, plural, Section } from './text.tsx';

/** Lines and files that are shown; the rest is in patch.diff. */
const MAX_LINES = 2500;
const MAX_FILES = 100;
/** Files that are unfolded from the start. */
const MAX_OPEN = 5;
/** Comparing words of longer lines costs more than it shows. */
const MAX_WORDS_LINE = 400;
const MAX_CHANGES = 50;

export function Patch({ report, page }: { report: Report; page: Page }) {
  const { changed_files: changed, engine_state: state } = report;
  return (
    <Section id="patch" title="What it changed">
      {changed.length === 0 ? <p>No file.</p> : null}
      <ul class="changes">
        {changed.slice(0, MAX_CHANGES).map(({ path, change, allowed }) => (
          <li class={allowed ? '' : 'denied'}>
            {change} <Hostile text={path} /> {allowed ? '' : '– the contract does not allow it'}
          </li>
        ))}
        {changed.length > MAX_CHANGES ? (
          <li>and {changed.length - MAX_CHANGES} more, in report.json</li>
        ) : null}
      </ul>
      {state.changed === 0 ? null : (
        <p>
          <small>
            Left out as engine state: {plural(state.changed, 'change')} under {state.patterns.join(', ')}
          </small>
        </p>
      )}
      <SideBySide patch={page.patch} />
    </Section>
  );
}

function SideBySide({ patch }: { patch: Excerpt }) {
  if (patch.size === 0) return null;
  const files = parse(patch);
  const note = patch.truncated ? (
    <p>The patch has {plural(patch.size, 'byte')}; its beginning is shown.</p>
  ) : null;
  if (files === null)
    return (
      <>
        {note}
        <Hostile text={patch.text} block />
      </>
    );
  const budget = { left: MAX_LINES };
  return (
    <>
      {note}
      {files.slice(0, MAX_FILES).map((file, index) => (
        <File file={file} budget={budget} open={index < MAX_OPEN} />
      ))}
      {files.length > MAX_FILES ? (
        <p>and {plural(files.length - MAX_FILES, 'more file')}, in patch.diff</p>
      ) : null}
    </>
  );
}

/** Null where the patch is not of a form that the library reads whole, such as a binary one. */
function parse(patch: Excerpt): StructuredPatch[] | null {
  const headers = patch.text.match(/^diff --git /gm)?.length ?? 0;
  try {
    const files = parsePatch(patch.text);
    return files.length === headers ? files : null;
  } catch {
    return null;
  }
}

function File({ file, budget, open }: { file: StructuredPatch; budget: { left: number }; open: boolean }) {
  const name = (file.newFileName === '/dev/null' ? file.oldFileName : file.newFileName) ?? '';
  const word =
    file.oldFileName === '/dev/null' ? 'added' : file.newFileName === '/dev/null' ? 'deleted' : 'changed';
  return (
    <details class="file" open={open}>
      <summary>
        {word} <Hostile text={name.replace(/^[ab]\//, '')} />
      </summary>
      <table class="diff">
        <colgroup>
          <col class="gutter" />
          <col />
          <col class="gutter" />
          <col />
        </colgroup>
        {file.hunks.map((hunk) => (
          <tbody>
            <tr class="hunk">
              <td colSpan={4}>
                @@ -{hunk.oldStart},{hunk.oldLines} +{hunk.newStart},{hunk.newLines} @@
              </td>
            </tr>
            {rowsOf(hunk, budget).map((row) => (
              <Row row={row} />
            ))}
          </tbody>
        ))}
      </table>
      {budget.left <= 0 ? <p>cut here; the rest is in patch.diff</p> : null}
    </details>
  );
}

interface Side {
  number: number;
  text: string;
  changed: boolean;
}
type RowPair = [left: Side | null, right: Side | null];

/** Pairs removed lines with the added lines that follow them. */
function rowsOf(hunk: StructuredPatch['hunks'][number], budget: { left: number }): RowPair[] {
  const rows: RowPair[] = [];
  let [old, now] = [hunk.oldStart, hunk.newStart];
  let removed: Side[] = [];
  let added: Side[] = [];
  const flush = () => {
    for (let index = 0; index < Math.max(removed.length, added.length); index += 1)
      rows.push([removed[index] ?? null, added[index] ?? null]);
    removed = [];
    added = [];
  };
  for (const line of hunk.lines) {
    if (budget.left <= 0) break;
    budget.left -= 1;
    const text = line.slice(1);
    if (line.startsWith('-')) {
      if (added.length > 0) flush();
      removed.push({ number: old++, text, changed: true });
    } else if (line.startsWith('+')) added.push({ number: now++, text, changed: true });
    else if (line.startsWith(' ')) {
      flush();
      rows.push([
        { number: old++, text, changed: false },
        { number: now++, text, changed: false },
      ]);
    }
  }
  flush();
  return rows;
}

function Row({ row: [left, right] }: { row: RowPair }) {
  const isPair = left?.changed === true && right?.changed === true;
  const words =
    isPair && left.text.length <= MAX_WORDS_LINE && right.text.length <= MAX_WORDS_LINE
      ? diffWordsWithSpace(left.text, right.text)
      : null;
  return (
    <tr>
      <Cell side={left} kind="removed" words={words?.filter((part) => !part.added)} />
      <Cell side={right} kind="added" words={words?.filter((part) => !part.removed)} />
    </tr>
  );
}

interface Word {
  value: string;
  added: boolean;
  removed: boolean;
}

function Cell({
  side,
  kind,
  words,
}: {
  side: Side | null;
  kind: 'removed' | 'added';
  words: Word[] | undefined;
}) {
  if (side === null)
    return (
      <>
        <td class="gutter" />
        <td class="nothing" />
      </>
    );
  const text = words?.map(({ value, added, removed }) =>
    added || removed ? <mark>{visible(value)}</mark> : visible(value),
  ) ?? [visible(side.text)];
  return (
    <>
      <td class="gutter">{side.number}</td>
      <td class={side.changed ? kind : ''}>
        <code class="hostile">{text}</code>
      </td>
    </>
  );
}
