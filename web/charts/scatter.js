// Plots scores against cost or tokens: one point for each model, with its interval and its name.

import { fixed, h, s } from '../lib/dom.js';
import { interval } from '../lib/words.js';

const HEIGHT = 300;
const LEFT = 34;
const RIGHT = 12;
const TOP = 16;
const BOTTOM = 26;
/** A letter of a label is about this wide, in pixels. */
const LETTER = 6.2;

/**
 * Returns a figure of `points` `{ label, x, score, ci }`, with `lines` `{ kind, at, text }` across. `unit` names the horizontal axis, and
 * `text` writes one of its values. The plot is drawn for the width that the page gives it.
 */
export function scatter({ testid, title, unit, points, lines, left, text }) {
  const scale = scaleOf(points);
  const drawing = h('div.scatter');
  const draw = (width) => drawing.replaceChildren(plot(width, points, lines, scale, text, title));
  const watch = new ResizeObserver(([entry]) => { if (entry.contentRect.width > 0) draw(Math.floor(entry.contentRect.width)); });
  watch.observe(drawing);
  return h('figure', { 'data-testid': testid, role: 'group', 'aria-label': title },
    h('figcaption', h('h3', title),
      h('p.soft.small', `Higher and further to the left is better; ${scale.log ? 'logarithmic scale' : 'scale from 0'}.${left ? ` ${left}` : ''}`)),
    drawing,
    h('p.soft.small.centre', unit),
    h('ol.unseen', points.map((point) => h('li', `${point.label}: score ${fixed(point.score)}, ${text(point.x)}`))));
}

// ---- the scale ----

/** Returns a logarithmic scale if the largest value is more than 20 times the smallest, and else one that begins at 0. */
function scaleOf(points) {
  const values = points.map((point) => point.x);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low > 0 && high / low > 20) {
    const [from, to] = [Math.log10(low / 1.6), Math.log10(high * 1.6)];
    const ticks = [];
    for (let power = Math.ceil(from); power <= to; power += 1) ticks.push(10 ** power);
    if (ticks.length < 2) for (const tick of [low, high]) ticks.push(tick);
    return { log: true, ticks: ticks.sort((a, b) => a - b), at: (value) => (Math.log10(value) - from) / (to - from) };
  }
  const step = stepOf(high || 1);
  const end = Math.ceil((high || 1) / step - 1e-9) * step;
  const ticks = [];
  for (let i = 0; i * step <= end + step * 1e-6; i += 1) ticks.push(i * step);
  return { log: false, ticks, at: (value) => value / end };
}

/** Returns a quarter of a value, rounded up to 1, 2, 2.5 or 5 times a power of ten. */
function stepOf(value) {
  const raw = value / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 2.5, 5].find((factor) => factor * power >= raw * 0.999999) ?? 10) * power;
}

// ---- the plot ----

function plot(width, points, lines, scale, text, title) {
  const inner = width - LEFT - RIGHT;
  const right = (value) => LEFT + scale.at(value) * inner;
  const up = (score) => Math.round(TOP + (1 - Math.min(1, Math.max(0, score))) * (HEIGHT - TOP - BOTTOM));
  const taken = points.map((point) => around(right(point.x), up(point.score), 8));
  // There are fewer ticks if there is no room for all of them.
  const every = Math.ceil((scale.ticks.length * 58) / inner);
  const ticks = scale.ticks.filter((_, index) => index % every === 0);
  const svg = s('svg', { width, height: HEIGHT, 'aria-hidden': 'true' },
    [0, 0.25, 0.5, 0.75, 1].map((score) => [
      s('line.gridline', { x1: LEFT, x2: width - RIGHT, y1: up(score), y2: up(score) }),
      s('text', { x: LEFT - 8, y: up(score) + 4, 'text-anchor': 'end' }, String(score).replace(/^0\./, '.')),
    ]),
    ticks.map((tick) => [
      s('line.gridline', { x1: right(tick), x2: right(tick), y1: TOP, y2: HEIGHT - BOTTOM }),
      s('text', { x: right(tick), y: HEIGHT - 8, 'text-anchor': right(tick) > width - 30 ? 'end' : 'middle' }, text(tick)),
    ]));
  svg.dataset.title = title;
  for (const { kind, at, text: said } of lines) {
    if (typeof at !== 'number') continue;
    const y = up(at);
    const wide = said.length * LETTER;
    // The name of a line is at its right end, unless points are there and none are at its left end.
    const box = (x) => ({ left: x, right: x + wide, top: y - 14, bottom: y });
    const [here, there] = [box(width - RIGHT - wide), box(LEFT + 4)];
    const atLeft = meets(here, taken) && !meets(there, taken);
    taken.push(atLeft ? there : here);
    svg.append(s(`line.${kind}`, { x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
      s('text', { x: atLeft ? LEFT + 4 : width - RIGHT, y: y - 4, 'text-anchor': atLeft ? 'start' : 'end' }, said));
  }
  for (const { x, ci } of points) {
    if (ci) svg.append(s('line.whisker.thin', { x1: right(x), x2: right(x), y1: up(ci[1]), y2: up(ci[0]) }));
  }
  const shown = points.map((point) => label(point, right(point.x), up(point.score), width, taken));
  for (const mark of shown) svg.append(mark);
  for (const point of points) {
    svg.append(s('circle.point-model', { cx: right(point.x), cy: up(point.score), r: 6 },
      s('title', `${point.label}: ${fixed(point.score)}${point.ci ? `, ${interval(point.ci)}` : ''}; ${text(point.x)}`)));
  }
  return svg;
}

const around = (x, y, r) => ({ left: x - r, right: x + r, top: y - r, bottom: y + r });

function meets(box, others) {
  return others.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom);
}

/** Returns a name beside its point, or as near as there is room, with a line to the point. */
function label(point, x, y, width, taken) {
  // The part of a name before the slash is the model's provider, and is left out.
  const said = shortened(point.label.split('/').filter(Boolean).at(-1) ?? '', width < 480 ? 18 : 28);
  const wide = said.length * LETTER;
  let best = null;
  for (const dy of [0, -14, 14, -28, 28, -42, 42, -56, 56]) {
    for (const side of [1, -1]) {
      const from = x + side * 11;
      const box = { left: side > 0 ? from : from - wide, right: side > 0 ? from + wide : from, top: y + dy - 7, bottom: y + dy + 7 };
      if (box.left < LEFT || box.right > width || box.top < 2 || box.bottom > HEIGHT - BOTTOM + 4) continue;
      best ??= { dy, side, from, box };
      if (!meets(box, taken)) { best = { dy, side, from, box, free: true }; break; }
    }
    if (best?.free) break;
  }
  best ??= { dy: 0, side: 1, from: x + 11, box: around(x, y, 0) };
  taken.push(best.box);
  return s('g',
    best.dy !== 0 && s('line.leader', { x1: x, y1: y, x2: best.from - best.side * 2, y2: y + best.dy }),
    s('text.label', { x: best.from, y: y + best.dy + 4, 'text-anchor': best.side > 0 ? 'start' : 'end' }, said));
}

function shortened(text, limit) {
  const letters = [...text];
  return letters.length <= limit ? text : `${letters.slice(0, limit - 1).join('')}…`;
}
