/** The page's one style sheet. It loads nothing, and the page's policy allows no other. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --soft: #5b6570; --line: #d5dae0; --panel: #f5f7f9;
  --good: #13703a; --good-ground: #e3f4e9; --bad: #b3261e; --bad-ground: #fbe7e5; --warn: #8a5a00; --mark: #ffd98a; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181d; --text: #e4e8ec; --soft: #9aa5b1; --line: #343c46;
  --panel: #1c2229; --good: #6fd393; --good-ground: #143022; --bad: #ff9a91; --bad-ground: #3a1a18; --warn: #f0c060; --mark: #6b5200; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
a { color: inherit; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: .75rem 0 0; font-size: .9rem; }
h1 { font-size: 1rem; font-weight: 500; margin: .1rem 0 .6rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
code, pre { font: .86em/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
.hostile { unicode-bidi: isolate; overflow-wrap: anywhere; white-space: pre-wrap; }
pre.hostile { max-height: 30rem; overflow: auto; background: var(--panel); padding: .6rem; margin: .4rem 0; }
small { color: var(--soft); }
.verdict { border-left: .6rem solid var(--bad); background: var(--bad-ground); padding: 1rem 1.25rem; border-radius: .4rem; }
.verdict.passed { border-color: var(--good); background: var(--good-ground); }
.verdict .word { font-size: 2rem; font-weight: 700; margin: 0; color: var(--bad); line-height: 1.2; }
.verdict.passed .word { color: var(--good); }
.verdict .summary { margin: .2rem 0 .8rem; font-size: 1.05rem; }
dl { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem; margin: 0; }
dl.facts { display: block; }
dl.facts div { display: grid; grid-template-columns: 7rem 1fr; }
dt { color: var(--soft); font-size: .82rem; }
dd { margin: 0; overflow-wrap: anywhere; }
ul, ol { padding-left: 1.3rem; margin: .3rem 0; }
.blockers { list-style: none; padding: 0; }
.blockers li { border: 1px solid var(--bad); border-radius: .4rem; padding: .6rem .9rem; margin: .5rem 0; }
.blockers strong { color: var(--bad); }
.blockers p { margin: .2rem 0; }
.advice { color: var(--soft); }
details { border: 1px solid var(--line); border-radius: .4rem; padding: .35rem .7rem; margin: .35rem 0; }
summary { cursor: pointer; }
summary:focus-visible, a:focus-visible { outline: 3px solid var(--warn); outline-offset: 2px; }
.proof.failed { border-color: var(--bad); background: var(--bad-ground); }
.proof .id { font-weight: 600; }
.proof .detail { color: var(--soft); }
.proof .detail code { font-family: inherit; font-size: .92em; }
.mark { font-weight: 700; display: inline-block; width: 1.1em; }
.mark.passed, .allowed { color: var(--good); }
.mark.failed, .denied { color: var(--bad); }
.excerpt { border-left: 3px solid var(--line); margin: .2rem 0 .5rem; padding-left: .6rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
.number { text-align: right; }
.tree details { border: 0; padding: 0; margin: 0; }
.tree ul { list-style: none; }
.drawing { overflow-x: auto; }
svg { width: 100%; min-width: 44rem; height: auto; font: 14px system-ui, sans-serif; }
svg text { fill: var(--text); }
.cage .host { fill: var(--panel); stroke: var(--line); }
.cage .inside { fill: var(--ground); stroke: var(--text); stroke-width: 2; }
.cage .heading { font-weight: 700; }
.cage line { stroke: var(--soft); stroke-width: 2; }
.cage circle { fill: var(--ground); stroke: var(--soft); }
.cage .sign { text-anchor: middle; font-weight: 700; }
.cage .open line, .cage .open circle { stroke: var(--warn); }
.cage .open .sign { fill: var(--warn); }
.cage .cut line { stroke-dasharray: 4 5; }
.cage .cut circle { stroke: var(--good); }
.cage .cut .sign { fill: var(--good); }
.cage .unproven line, .cage .unproven circle { stroke: var(--bad); }
.cage .unproven .sign { fill: var(--bad); }
.timeline .step rect { fill: var(--soft); }
.timeline .failed rect, .timeline .denied { fill: var(--bad); }
.timeline rect.allowed { fill: var(--good); }
.timeline .axis { stroke: var(--line); }
.timeline .tick { text-anchor: middle; fill: var(--soft); font-size: 12px; }
.timeline .tick.end { text-anchor: end; }
.file { padding: 0; overflow-x: auto; }
.file > summary { padding: .35rem .7rem; }
.diff { width: 100%; table-layout: fixed; }
.diff td { padding: 0 .4rem; }
.diff col.gutter { width: 3.2rem; }
.diff td.gutter { color: var(--soft); text-align: right; font-size: .8em; user-select: none; }
.diff .removed { background: var(--bad-ground); }
.diff .added { background: var(--good-ground); }
.diff .nothing { background: var(--panel); }
.diff .hunk td { color: var(--soft); background: var(--panel); }
mark { background: var(--mark); color: inherit; }
.programs .denied { color: var(--bad); }
@media (max-width: 40rem) { main { padding: .6rem; } .diff { min-width: 46rem; } }
@media print { :root { color-scheme: light; } nav { display: none; } details::details-content { content-visibility: visible; display: block; }
  .proof, .blockers li, svg { break-inside: avoid; } pre.hostile { max-height: none; } }
`;
