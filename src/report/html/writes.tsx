/** What was written, as a tree with counts. Folders are summed up; the page never grows with the number of attempts. */
import type { Report } from '../../schema/report.ts';
import type { Page } from '../../verdict/page-data.ts';
import { grouped, Hostile, plural, Section } from './text.tsx';

interface Node {
  name: string;
  allowed: number;
  denied: number;
  children: Map<string, Node>;
}

/** Entries shown below one folder, and in all. */
const MAX_CHILDREN = 40;
const MAX_NODES = 800;
const MAX_DEPTH = 10;
const MAX_NAME = 200;

const LABEL = {
  workspace: '/workspace',
  artifacts: '/artifacts',
  device: 'devices, pipes and sockets, which hold no file',
  kernel: "the caller's own files under /proc",
  none: 'anywhere else',
};

export function Writes({ report, page }: { report: Report; page: Page }) {
  const { denied_paths: refused, ...roots } = report.writes;
  const { other_paths: others } = page.activity;
  const more = others.allowed + others.denied;
  return (
    <Section id="writes" title="What it tried to write">
      <table>
        <thead>
          <tr>
            <th>where</th>
            <th class="number">allowed</th>
            <th class="number">refused</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(roots).map(([root, { allowed, denied }]) => (
            <tr>
              <td>{LABEL[root as keyof typeof LABEL]}</td>
              <td class="number">{grouped(allowed)}</td>
              <td class="number">{grouped(denied)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {refused.length === 0 ? null : (
        <details>
          <summary>{plural(refused.length, 'refused path')}, most frequent first</summary>
          <ul>
            {refused.map(({ path, attempts }) => (
              <li>
                <Hostile text={path} /> × {attempts}
              </li>
            ))}
          </ul>
        </details>
      )}
      <div class="tree">
        <Children node={treeOf(page)} budget={{ left: MAX_NODES }} depth={0} />
      </div>
      {more === 0 ? null : <p>{plural(more, 'attempt')} on further paths, in writes.jsonl.</p>}
    </Section>
  );
}

function Children({ node, budget, depth }: { node: Node; budget: { left: number }; depth: number }) {
  const all = [...node.children.values()];
  const shown = all.slice(0, Math.max(0, Math.min(MAX_CHILDREN, budget.left)));
  budget.left -= shown.length;
  const rest = all.length - shown.length;
  return (
    <ul>
      {shown.map((child) => (
        <li>
          {child.children.size === 0 ? (
            <Line node={child} />
          ) : (
            <details open={depth < 2}>
              <summary>
                <Line node={child} />
              </summary>
              <Children node={child} budget={budget} depth={depth + 1} />
            </details>
          )}
        </li>
      ))}
      {rest > 0 ? <li>and {plural(rest, 'more entry', 'more entries')}</li> : null}
    </ul>
  );
}

function Line({ node }: { node: Node }) {
  return (
    <span>
      <Hostile text={node.name} /> <small class="allowed">{node.allowed}</small>
      {node.denied === 0 ? null : <small class="denied"> {node.denied} refused</small>}
    </span>
  );
}

function treeOf({ activity }: Page): Node {
  const root = node('');
  for (const { path, allowed, denied } of activity.paths) {
    let at = root;
    for (const name of partsOf(path)) {
      const next = at.children.get(name) ?? node(name);
      at.children.set(name, next);
      next.allowed += allowed;
      next.denied += denied;
      at = next;
    }
  }
  for (const top of root.children.values()) top.name = `/${top.name}`;
  return root;
}

/** An engine may make folders a thousand deep, with names of any length: what is deeper stands in one line. */
function partsOf(path: string): string[] {
  const parts = path.startsWith('/') ? path.slice(1).split('/') : [path];
  const deep = parts.slice(MAX_DEPTH).join('/');
  const all = deep === '' ? parts : [...parts.slice(0, MAX_DEPTH), deep];
  return all.map((name) => (name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME)}…`));
}

function node(name: string): Node {
  return { name, allowed: 0, denied: 0, children: new Map() };
}
