// Draws bars: who chose the steps of each model, and why episodes did not pass.

import { fixed, h, s } from '../lib/dom.js';
import { heading, name, words } from '../lib/words.js';

const SOURCES = ['model', 'repaired', 'override', 'fallback'];

/** Returns patterns of hatching, by which the fallback's steps differ from the model's without colours. */
function patterns() {
  const pattern = (of, d) => s('pattern', { id: `hatch-${of}`, width: 6, height: 6, patternUnits: 'userSpaceOnUse' },
    s(`rect.under-${of}`, { width: 6, height: 6 }), s(`path.ink-${of}`, { d }));
  return s('svg.defs', { 'aria-hidden': 'true' }, s('defs',
    pattern('override', 'M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2'), pattern('fallback', 'M-1,5 l2,2 M0,0 l6,6 M5,-1 l2,2')));
}

/** Returns a figure with one bar for each model, divided by who chose its steps. */
export function sources(rows, labels) {
  const models = rows.map((row, index) => [row, labels[index]]).filter(([row]) => row.protocol);
  if (!models.length) return h('p.soft', { 'data-testid': 'sources' }, 'No model played: built-in agents choose all their steps by themselves.');
  return h('figure.sources', { 'data-testid': 'sources', role: 'group', 'aria-label': 'Who chose the steps' },
    patterns(),
    h('ul.keys', SOURCES.map((source) => h('li', s('svg', { width: 14, height: 14, 'aria-hidden': 'true' },
      s(`rect.bar-${source}`, { width: 14, height: 14, rx: 2 })), source))),
    h('ul.bars', models.map(([row, label]) => bar(row, label))));
}

function bar(row, label) {
  const parts = SOURCES.map((source) => [source, row[`${source}_steps`] ?? 0]);
  const all = Math.max(1, row.steps);
  let from = 0;
  return h('li',
    h('span.row.spread', h('strong', name(label)), h('span.soft.num', row.steps
      ? parts.filter(([, steps]) => steps > 0).map(([source, steps]) => `${source} ${steps} (${Math.round((steps / all) * 100)} %)`).join(' · ')
      : 'no steps yet')),
    s('svg', { height: 16, 'aria-hidden': 'true' },
      s('rect.track', { width: '100%', height: 16, rx: 2 }),
      parts.filter(([, steps]) => steps > 0).map(([source, steps]) => {
        const rect = s(`rect.bar-${source}`, { x: `${(from / all) * 100}%`, width: `${(steps / all) * 100}%`, height: 16 });
        from += steps;
        return rect;
      })));
}

/** Returns a table of contestants and kinds of failure, with a bar in each cell and the mean score by who answered. */
export function failures(rows, labels) {
  const kinds = [...new Set(rows.flatMap((row) => Object.keys(row.failures ?? {})))];
  if (!kinds.length) return h('p.soft', { 'data-testid': 'failures' }, 'No episode is below 0.8.');
  const total = (kind) => rows.reduce((sum, row) => sum + (row.failures?.[kind] ?? 0), 0);
  kinds.sort((a, b) => total(b) - total(a));
  const answers = rows.some((row) => Object.keys(row.answered ?? {}).length);
  return h('div.scroll', { 'data-testid': 'failures', role: 'region', tabindex: 0, 'aria-label': 'Table of failures' }, h('table.failures',
    h('thead', h('tr', h('th', { scope: 'col' }, 'Contestant'), h('th.num', { scope: 'col' }, 'Episodes'),
      kinds.map((kind) => h('th.num', { scope: 'col' }, heading(kind))),
      answers && h('th', { scope: 'col' }, 'Answered by (mean score)'))),
    h('tbody', rows.map((row, index) => h('tr',
      h('th', { scope: 'row' }, name(labels[index])),
      h('td.num', String(row.episodes)),
      kinds.map((kind) => failure(row.failures?.[kind] ?? 0, row.episodes)),
      answers && h('td.answers', Object.entries(row.answered ?? {}).map(([source, one]) => `${words(source)} ${one.episodes} (${fixed(one.mean)})`).join(', ') || '–'))))));
}

function failure(count, of) {
  if (!count) return h('td.num.soft', '–');
  return h('td.num', h('span.meter', { style: { '--part': `${(count / Math.max(1, of)) * 100}%` } }, String(count)));
}
