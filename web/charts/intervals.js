// Draws points with their intervals on one scale, one row each: the plots of tasks, of overall scores and of differences.

import { fixed, h, s } from '../lib/dom.js';
import { around, name, signed } from '../lib/words.js';

const HEIGHT = 20;
const MIDDLE = HEIGHT / 2;

/** The scale on which scores are drawn. */
export const SCORES = { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1], text: (value) => String(value).replace(/^0\./, '.') };

/**
 * Returns a figure with a row for each of `rows`: `{ label, kind, mean, ci, inner, value }`. `kind` is model, builtin or published, and
 * `inner` is a second, thicker interval. `lines` are `{ kind, at, text }` and cross all rows: the floor and the ceiling, for example.
 */
export function intervals({ testid, title, about, rows, lines = [], scale = SCORES, digits = 3, sign = false }) {
  const known = lines.filter(({ at }) => typeof at === 'number');
  return h('figure.intervals', { 'data-testid': testid, role: 'group', 'aria-label': title },
    h('figcaption', h('h3', title), about && h('p.soft.small', about)),
    h('div.strips',
      axis(scale, known),
      h('ul', rows.map((row) => strip(row, known, scale, digits, sign)))));
}

/** Returns a list that explains the marks of these plots. */
export function intervalKeys(items) {
  const marks = {
    model: () => dot('model', '50%'), builtin: () => dot('builtin', '50%'), published: () => diamond('50%'),
    interval: () => line('whisker', 0, '100%', true), inner: () => line('inner', 0, '100%', true),
    floor: () => line('floor', '50%', '50%'), ceiling: () => line('ceiling', '50%', '50%'), margin: () => line('margin', '50%', '50%'),
  };
  return h('ul.keys', items.map(([kind, text]) =>
    h('li', marks[kind] && s('svg', { width: 22, height: HEIGHT, 'aria-hidden': 'true' }, marks[kind]()), text)));
}

function place(scale, value) {
  return `${(Math.min(1, Math.max(0, (value - scale.low) / (scale.high - scale.low))) * 100).toFixed(2)}%`;
}

function axis(scale, lines) {
  // Each line has its name on a level that no other name uses, because two lines may be close together.
  const top = 13 * lines.length;
  return h('div.axis', { 'aria-hidden': 'true' }, s('svg', { height: top + 15 },
    lines.map(({ at, text }, level) => {
      const end = (at - scale.low) / (scale.high - scale.low) > 0.5;
      return s('text', { x: place(scale, at), y: 13 * level + 10, 'text-anchor': end ? 'end' : 'start', dx: end ? 3 : -3 }, text);
    }),
    scale.ticks.map((tick) => s('text', { x: place(scale, tick), y: top + 12, 'text-anchor': 'middle' }, scale.text(tick)))));
}

function strip({ label, kind, mean, ci, range, inner, value, note }, lines, scale, digits, sign) {
  const number = (x) => (sign ? signed(x, digits) : fixed(x, digits));
  const known = typeof mean === 'number';
  const said = value ?? (known ? number(mean) : '–');
  return h(`li.strip${kind === 'published' ? '.apart' : ''}`,
    h('span.who', name(label), kind === 'published' && h('span.soft', ' published'), note && h('span.soft', ` ${note}`)),
    h('span.value.num', h('strong', said), ' ', (ci || range) && h('span.soft', ci && h('span.unseen', '95 % interval '), around(ci, range, digits))),
    s('svg', { height: HEIGHT, 'aria-hidden': 'true' },
      scale.ticks.map((tick) => line('gridline', place(scale, tick), place(scale, tick))),
      lines.map((one) => line(one.kind, place(scale, one.at), place(scale, one.at))),
      ci && line('whisker', place(scale, ci[0]), place(scale, ci[1]), true),
      inner && line('inner', place(scale, inner[0]), place(scale, inner[1]), true),
      // An arrow shows that an interval goes on beyond the scale.
      ci && ci[0] < scale.low && beyond('0', 'M-6,0 l7,-4.5 v9 z'),
      ci && ci[1] > scale.high && beyond('100%', 'M6,0 l-7,-4.5 v9 z'),
      known && (kind === 'published' ? diamond(place(scale, mean)) : dot(kind, place(scale, mean)))));
}

function line(kind, x1, x2, flat = false) {
  return s(`line.${kind}`, { x1, x2, y1: flat ? MIDDLE : 0, y2: flat ? MIDDLE : HEIGHT });
}

function dot(kind, cx) {
  return s(`circle.point-${kind}`, { cx, cy: MIDDLE, r: kind === 'builtin' ? 4.5 : 5.5 });
}

function diamond(x) {
  return s('svg', { x, y: MIDDLE, width: 1, height: 1, overflow: 'visible' }, s('path.point-published', { d: 'M0,-5.5 L5.5,0 L0,5.5 L-5.5,0 z' }));
}

function beyond(x, d) {
  return s('svg', { x, y: MIDDLE, width: 1, height: 1, overflow: 'visible' }, s('path.beyond', { d }));
}

/** Returns all points of a run on one small scale without names, for the list of runs. */
export function glance(contestants) {
  const at = (agent) => contestants.find((one) => one.agent === agent)?.overall;
  const mean = (one) => one.overall;
  const others = contestants.filter((one) => typeof mean(one) === 'number');
  // The points of models are drawn over those of built-in agents.
  others.sort((a, b) => Number(Boolean(a.protocol)) - Number(Boolean(b.protocol)));
  return s('svg.glance', { height: HEIGHT, 'aria-hidden': 'true' },
    SCORES.ticks.map((tick) => line('gridline', place(SCORES, tick), place(SCORES, tick))),
    ['random', 'oracle'].map((agent, i) => typeof at(agent) === 'number' && line(i ? 'ceiling' : 'floor', place(SCORES, at(agent)), place(SCORES, at(agent)))),
    line('base', 0, '100%', true),
    s('text', { x: 0, dx: -16, y: MIDDLE + 4 }, '0'), s('text', { x: '100%', dx: 9, y: MIDDLE + 4 }, '1'),
    others.map((one) => one.protocol && one.overall_ci95 && line('whisker', place(SCORES, one.overall_ci95[0]), place(SCORES, one.overall_ci95[1]), true)),
    others.map((one) => dot(one.protocol ? 'model' : 'builtin', place(SCORES, mean(one)))));
}
