// Draws the series of metrics: one as a small line beside its record, and those of a split together, with a legend.

import { h, s } from '../lib/dom.js';
import { clock } from './series.js';

/** A split with more lines than this names the rest, and does not draw them. */
const MOST = 8;

/** The height spans at least a fifth of the largest value, so that noise looks flat. */
function scale(values, bottom, height) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(high - low, Math.abs(high) * 0.2, 1e-9);
  return (value) => bottom - (value - low) / span * height;
}

/** Points are at their minutes: the last one lies off the grid. */
function across(at, left, width) {
  const [first, last] = [at[0], at.at(-1)];
  return (minute) => left + (minute - first) / Math.max(1, last - first) * width;
}

const points = ({ at, values }, x, y) => values.map((value, index) => `${x(at[index]).toFixed(1)},${y(value).toFixed(1)}`).join(' ');

/** Returns the times of a series in words. */
export const times = ({ at }) => (at.length > 2 ? `every ${at[1] - at[0]} min from ${clock(at[0])} to ${clock(at.at(-2))}, and at ${clock(at.at(-1))}` : `to ${clock(at.at(-1))}`);

/** Draws a series as a small line. Null if it has too few values. */
export function spark(one) {
  const { at, values } = one;
  if (values.length < 2) return null;
  const [x, y] = [across(at, 2, 76), scale(values, 14, 12)];
  return s('svg.play-spark', { viewBox: '0 0 80 16', width: 80, height: 16, 'aria-hidden': 'true' }, s('title', times(one)),
    s('polyline', { points: points(one, x, y) }), s('circle', { cx: x(at.at(-1)).toFixed(1), cy: y(values.at(-1)).toFixed(1), r: 1.8 }));
}

/** Draws the series of a split in one chart. The records below say the same, so a screen reader hears only what is drawn. */
export function splitChart({ metric, unit, by, lines }) {
  const drawn = lines.slice(0, MOST).filter(({ values }) => values.length > 1);
  if (drawn.length < 2) return null;
  const [width, height, left, bottom] = [320, 104, 42, 84];
  const all = drawn.flatMap(({ values }) => values);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const [{ at }] = drawn;
  const [x, y] = [across(at, left, width - left - 10), scale(all, bottom, 72)];
  const title = `${metric}${unit && ` (${unit})`}${by.length ? ` by ${by.join(', ')}` : ''}`;
  const label = (px, py, text, anchor) => s('text', { x: px, y: py, 'text-anchor': anchor }, text);
  const number = (value) => String(Number(value.toPrecision(4)));
  return h('figure.play-split-chart', h('figcaption.small', title),
    s('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${title}, ${drawn.length} lines, ${times(drawn[0])}` },
      s('path.axis', { d: `M${left},${bottom}H${width - 10}M${left},8V${bottom}` }),
      // The point of now has its own mark on the axis, because it is nearer than the others.
      s('path.axis', { d: at.map((minute) => `M${x(minute).toFixed(1)},${bottom}v3`).join('') }),
      label(left - 5, y(low) + 1, number(low), 'end'), high > low && label(left - 5, Math.max(12, y(high) + 4), number(high), 'end'),
      label(left, height - 4, clock(at[0]), 'start'), label(width - 2, height - 4, `at ${clock(at.at(-1))}`, 'end'),
      drawn.map((one, index) => s(`g.play-series.c${index}`, s('polyline', { points: points(one, x, y) }),
        s('circle', { cx: x(one.at.at(-1)).toFixed(1), cy: y(one.values.at(-1)).toFixed(1), r: 2.2 }), s('title', `${one.name}: ${one.values.at(-1)}`)))),
    h('ul.play-series-key.small', drawn.map((one, index) => h('li', s(`svg.play-series.c${index}`, { viewBox: '0 0 22 8', width: 22, height: 8, 'aria-hidden': 'true' }, s('path', { d: 'M0,4H22' })),
      h('span.mono', one.name), h('b.num', String(one.values.at(-1))))),
    lines.length > drawn.length && h('li.soft', `and ${lines.length - drawn.length} more below`)));
}
