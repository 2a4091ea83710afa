// The card of the history: each step with its reward and the reasons for it, and a small plot of the running total.

import { fill, h, s } from '../lib/dom.js';
import { actionName, reasons, signed, tone } from './words.js';

/** Returns the card of the history. */
export function historyCard() {
  const plot = h('div.play-plot');
  const list = h('ol.play-steps', { 'data-testid': 'history', reversed: true, tabindex: '0', 'aria-label': 'Steps, newest first' });
  const total = h('span.num', { 'data-testid': 'total' });
  const card = h('section.card.play-history', { 'aria-labelledby': 'history-title' }, h('div.row.spread', h('h2', { id: 'history-title' }, 'History'), total), plot, list);
  return {
    element: card,
    /** Shows the steps of an episode. */
    show({ steps, observation }) {
      const withheld = steps.some(({ reward }) => reward === null);
      total.textContent = withheld ? 'rewards are withheld' : `total ${signed(steps.at(-1)?.cumulative ?? 0)}`;
      fill(plot, !withheld && curve(steps, observation.max_steps));
      list.hidden = steps.length === 0;
      fill(list, [...steps].reverse().map((step) => h(`li.play-step${step.error ? '.failed' : ''}`, { value: step.number },
        h('div.play-step-line', h('span.play-step-name', h('b', actionName(step.action)), ' ', h('span.mono', target(step))),
          step.reward !== null && h(`span.play-reward.num${tone(step.reward)}`, signed(step.reward))),
        h('p.small.soft', step.error ?? reasons(step).map(([words, amount]) => (amount === null ? words : `${words} ${amount}`)).join(', ')))));
    },
  };
}

/** Returns what a step was about, in a few characters. */
function target({ parameters, evidence }) {
  const text = evidence?.target ?? parameters.service ?? parameters.severity ?? parameters.flag ?? parameters.runbook_action ?? parameters.status ?? '';
  return parameters.mechanism ? `${text} ${parameters.mechanism}` : text;
}

/** Returns a plot of the running total after each step, with a line at zero. */
function curve(steps, most) {
  const [width, height, left] = [280, 84, 34];
  const values = [0, ...steps.map(({ cumulative }) => cumulative)];
  const low = Math.min(0, ...values);
  const high = Math.max(0.2, ...values);
  const x = (step) => left + step / Math.max(1, most) * (width - left - 6);
  const y = (value) => height - 8 - (value - low) / (high - low) * (height - 18);
  const words = `Running total after each step: ${values.map((value) => value.toFixed(2)).join(', ')}`;
  const points = values.map((value, step) => [x(step), y(value)]);
  const label = (value) => s('text', { x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, value.toFixed(1));
  return s('svg.play-curve', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': words },
    s('path.zero', { d: `M${left},${y(0)}H${width}` }), label(0), label(high), low < -0.05 && label(low),
    s('polyline', { points: points.join(' ') }), points.map(([px, py], step) => s(`circle${steps[step - 1]?.reward < 0 ? '.minus' : ''}`, { cx: px, cy: py, r: 3 })));
}
