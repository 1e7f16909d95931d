// Makes a table of what the tests of the corpus wrote down.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const read = (kind) => JSON.parse(readFileSync(join(root, `.cache/corpus-${kind}.json`), 'utf8'));
const [attacks, benign, defences] = [read('attacks'), read('benign'), read('defences')];
const cell = (text) => String(text).replaceAll('|', '\\|');
const rows = [...attacks]
  .sort((a, b) => (a.name < b.name ? -1 : 1))
  .map(({ name, attempts, contained, seen, blockers, remark }) =>
    [
      `| \`${name}\``,
      cell(attempts),
      contained ? 'yes' : '**no**',
      cell(seen),
      blockers.map((code) => `\`${code}\``).join(' ') || 'none',
      `${cell(remark ?? '')} |`,
    ].join(' | '),
  );
const table = [
  `${attacks.length} attacks, ${attacks.filter(({ contained }) => contained).length} contained; ${benign.length} benign controls, ${benign.filter(({ blockers }) => blockers.length === 0).length} without a blocker.`,
  '',
  '| attack | attempts | contained | seen | blockers | remark |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows,
  '',
].join('\n');
const code = (words) => words.map((word) => `\`${word}\``).join(', ');
const needOf = ({ attack, besides }) =>
  `\`${attack}\`${besides.length === 0 ? '' : ` once ${code(besides)} ${besides.length === 1 ? 'is' : 'are'} gone`}`;
const alone = new Set(
  defences.flatMap(({ needs }) =>
    needs.filter(({ besides }) => besides.length === 0).map(({ attack }) => attack),
  ),
);
const layered = [
  ...new Set(
    defences.flatMap(({ needs }) => needs.map(({ attack }) => attack)).filter((attack) => !alone.has(attack)),
  ),
].sort();
const tableOfDefences = [
  `${defences.length} defences; ${defences.filter(({ needs }) => needs.some(({ besides }) => besides.length === 0)).length} of them are all that stops an attack of the corpus, the others stand behind one another.`,
  `Played without them and stopped by no single defence: ${code(layered)}.`,
  '',
  '| defence | what it does | the attack that gets through or goes unseen without it |',
  '| --- | --- | --- |',
  ...defences.map(
    ({ id, what, needs, why }) =>
      `| \`${id}\` | ${cell(what)} | ${needs.map(needOf).join('; ') || `none: ${cell(why)}`} |`,
  ),
  '',
].join('\n');
console.log(table);
console.log(tableOfDefences);

/** Puts a text between the marks of that name. */
function replaced(page, name, text) {
  const [begin, end] = [`<!-- the ${name} -->`, `<!-- end of the ${name} -->`];
  if (!page.includes(begin) || !page.includes(end)) throw new Error(`the page has no place for the ${name}`);
  return `${page.slice(0, page.indexOf(begin) + begin.length)}\n${text}${page.slice(page.indexOf(end))}`;
}

if (process.argv.includes('--write')) {
  const page = join(root, 'docs/threat-model.md');
  const text = readFileSync(page, 'utf8');
  writeFileSync(page, replaced(replaced(text, 'corpus', table), 'defences', tableOfDefences));
}
