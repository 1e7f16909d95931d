/** Small pieces that every section of the page uses. Text of unknown origin goes through `Hostile`, and nowhere else. */
import type { ComponentChildren } from 'preact';
import { visible } from '../untrusted.ts';

/** Text that an engine may have written: what cannot be seen is shown as an escape, and it cannot turn the line. */
export function Hostile({ text, block = false }: { text: string; block?: boolean }) {
  const shown = block ? text.split('\n').map(visible).join('\n') : visible(text);
  return block ? <pre class="hostile">{shown}</pre> : <code class="hostile">{shown}</code>;
}

export function Section({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

const MARK = { passed: '✔', failed: '✖', not_applicable: '–' } as const;
const WORD = { passed: 'holds', failed: 'does not hold', not_applicable: 'does not apply' } as const;

/** A proof's status as a mark and, for who cannot see it, a word. */
export function Mark({ status }: { status: keyof typeof MARK }) {
  return (
    <span class={`mark ${status}`} role="img" aria-label={WORD[status]}>
      {MARK[status]}
    </span>
  );
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** A whole number with a comma before every third digit. By hand: asking for a locale loads all that Node.js knows of them. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}
