"""How the page looks: one column on a phone, two on a desk, dark where the system is, light in print."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f5f6f4; --card: #ffffff; --ink: #1c2328; --faint: #5c6870; --line: #dfe3e5;
  --blue: #2f6db3; --red: #bf3a32; --amber: #a8690a; --green: #257a50;
  --red-soft: #fbeceb; --amber-soft: #fbf3e2; --green-soft: #e8f4ed; --blue-soft: #eaf1f9;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #13171a; --card: #1b2125; --ink: #e5e9eb; --faint: #9ba7ae; --line: #2e373d;
    --blue: #74aceb; --red: #f27f77; --amber: #e5b257; --green: #69c498;
    --red-soft: #33211f; --amber-soft: #31291a; --green-soft: #1b2d24; --blue-soft: #1c2935;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 3rem;
  background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
h1, h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0; }
h1 { font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .75rem; }
h3 { font-size: 1rem; }
.faint, figcaption p, dt { color: var(--faint); }
.small { font-size: .875rem; }
code { font: .85em/1.45 ui-monospace, "SFMono-Regular", Menlo, Consolas, "Liberation Mono", monospace; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.15rem;
}
.sum {
  margin: 1rem 0; padding: .9rem 1.15rem; border-radius: 10px; border-left: 5px solid var(--green);
  background: var(--green-soft); font-size: 1.1rem; font-weight: 600;
}
.sum::first-letter { text-transform: uppercase; }
.sum.error { border-color: var(--red); background: var(--red-soft); }
.sum.warning { border-color: var(--amber); background: var(--amber-soft); }
.finding { margin-bottom: .75rem; border-left: 5px solid var(--blue); }
.finding.error { border-left-color: var(--red); }
.finding.warning { border-left-color: var(--amber); }
.finding header { display: flex; flex-wrap: wrap; gap: .25rem .6rem; align-items: baseline; }
.badge {
  padding: .05rem .55rem; border-radius: 1rem; font-size: .8rem; font-weight: 600;
  color: var(--blue); background: var(--blue-soft);
}
.error .badge, .badge.no { color: var(--red); background: var(--red-soft); }
.warning .badge, .badge.damaged { color: var(--amber); background: var(--amber-soft); }
.badge.yes { color: var(--green); background: var(--green-soft); }
.finding dl { display: grid; grid-template-columns: 6.2rem 1fr; gap: .2rem .75rem; margin-top: .5rem; }
dd { overflow-wrap: anywhere; min-width: 0; }
dd code { user-select: all; }
.figures {
  display: grid; grid-template-columns: repeat(4, 1fr); gap: 1px; overflow: hidden;
  background: var(--line); border: 1px solid var(--line); border-radius: 10px; margin: .75rem 0;
}
.figures div { background: var(--card); padding: .7rem 1rem; }
.figures dd { font-size: 1.15rem; font-weight: 600; }
.figures dd.small { font-size: .875rem; font-weight: 400; color: var(--faint); }
.receivers { display: grid; gap: .35rem; list-style: none; }
.receivers li { display: grid; grid-template-columns: 6.2rem 7.5rem 1fr; gap: .75rem; align-items: baseline; }
.receivers .badge { justify-self: start; white-space: nowrap; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: .75rem; }
.grid { margin-top: .75rem; }
figcaption p { font-size: .875rem; }
figure svg { display: block; width: 100%; height: auto; margin-top: .5rem; }
figure svg * { stroke-linejoin: round; stroke-linecap: butt; }
figure img { display: block; max-width: 100%; height: auto; margin-top: .6rem; border-radius: 6px; }
.notes { padding-left: 2.2rem; }
.flaws { margin-top: .3rem; padding-left: 1.1rem; font-size: .875rem; }
footer { margin-top: 2.5rem; color: var(--faint); font-size: .875rem; }
@media screen and (max-width: 52rem) { .figures { grid-template-columns: 1fr 1fr; } }
@media screen and (max-width: 36rem) {
  body { padding: 1.25rem .8rem 2rem; }
  .finding dl { grid-template-columns: 1fr; gap: 0; }
  .finding dd + dt { margin-top: .4rem; }
  .receivers li { grid-template-columns: 6.2rem 1fr; }
  .receivers .why { grid-column: 1 / -1; margin-top: -.3rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; background: none; }
  .card, .figures, .sum, figure { break-inside: avoid; }
  h2 { break-after: avoid; }
  .grid { grid-template-columns: 1fr 1fr; }
  * { print-color-adjust: exact; }
}
"""
