/** The stylesheet of the page of results: light and dark, wide and narrow, and on paper. */
export const pageStyle = `
:root { color-scheme: light dark; --ground: #f6f7f5; --surface: #ffffff; --ink: #1c2321; --soft: #56625e;
  --rule: #dde2de; --good: #0d5a42; --bad: #b0281f; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ground: #121615; --surface: #1a201e; --ink: #e5eae8; --soft: #a9b5b0; --rule: #2e3734;
    --good: #8ee0c0; --bad: #ff9a90; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 72rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif;
  -webkit-text-size-adjust: 100%; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 1rem; text-wrap: balance; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; }
p { margin: 0 0 1rem; max-width: 44rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; background: var(--surface); }
th, td { padding: 0.4rem 0.75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.group th { padding-top: 1rem; }
.group + tr th, .sample th { font-weight: 400; }
.met, .missed { font-weight: 600; white-space: nowrap; }
.met { color: var(--good); }
.missed { color: var(--bad); }
.scrolled { overflow-x: auto; border: 1px solid var(--rule); border-radius: 0.5rem; background: var(--surface); }
.scrolled tbody:last-child tr:last-child > * { border-bottom: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.5rem 1.25rem; }
figure { margin: 0; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; border: 1px solid var(--rule); border-radius: 0.5rem; }
figcaption { margin-top: 0.5rem; font-size: 0.9375rem; color: var(--soft); }
details { margin-top: 1rem; }
summary { cursor: pointer; margin-bottom: 0.5rem; }
:focus-visible { outline: 2px solid currentcolor; outline-offset: 2px; }
@media (max-width: 40rem) {
  th, td { padding: 0.4rem 0.5rem; }
  figure svg { width: calc(100% + 2rem); margin-inline: -1rem; border-inline: 0; border-radius: 0; }
  .targets thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .targets tr { display: grid; grid-template-columns: 1fr auto; padding: 0.6rem 0.5rem;
    border-bottom: 1px solid var(--rule); }
  .targets tr:last-child { border-bottom: 0; }
  .targets th, .targets td { border: 0; padding: 0.1rem 0.25rem; }
  .targets th, .targets .target, .targets .measured { grid-column: 1; }
  .targets .verdict { grid-column: 2; grid-row: 1; }
  .targets .target::before { content: "target: "; color: var(--soft); }
  .targets .measured::before { content: "measured: "; color: var(--soft); }
}
@media print {
  :root { color-scheme: light; }
  body { max-width: none; padding: 0; background: none; font-size: 10pt; }
  table { font-size: 8.5pt; }
  thead th { white-space: normal; }
  .scrolled { overflow: visible; }
  .pair { grid-template-columns: 1fr 1fr; }
  details:not([open])::details-content { content-visibility: visible; block-size: auto; }
}
`;
