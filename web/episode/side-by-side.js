// The view of two episodes side by side, step by step, with the first difference marked.

import { fill, fixed, h } from '../lib/dom.js';
import { get } from '../lib/api.js';
import { fold } from '../lib/fold.js';
import { action, callParts, reward, totals, troubles } from './step.js';
import { episodeAt, name, outcomeTag, runAt, sourceTag } from '../lib/words.js';

/** Shows two episodes. */
export async function open(main, [run, n, other, m]) {
  const [one, two] = await Promise.all([[run, n], [other, m]].map(([id, number]) => get(`/runs/${encodeURIComponent(id)}/episodes/${number}`)));
  const sides = [{ run, n, data: one, letter: 'A' }, { run: other, n: m, data: two, letter: 'B' }];
  const [a, b] = [one.trajectory.steps, two.trajectory.steps];
  const length = Math.max(a.length, b.length);
  const parted = firstDifference(a, b);
  const rows = [];
  for (let index = 0; index < length; index += 1) rows.push(pair(index, a[index], b[index], parted, sides));
  const scenarios = [one, two].map((data) => data.trajectory.episode.scenario);
  fill(main,
    h('div.stack', h('p.small', h('a', { href: '#/scores' }, 'All runs'), ' / ', h('a', { href: runAt(run) }, run)),
      h('h1', name(scenarios[0]), scenarios[0] !== scenarios[1] && [h('span.soft', ' and '), name(scenarios[1])], h('span.soft', ' side by side')),
      scenarios[0] !== scenarios[1] && h('p.notice.warn', 'These are two scenarios, so their steps say little about each other.'),
      h('div.row', parted === null
        ? h('p', { 'data-testid': 'first-difference' }, 'Both did the same at every step.')
        : [h('p', `They part at step ${parted + 1}.`), h('button', { type: 'button', onclick: () => toDifference(main) }, 'Go to the first difference')])),
    h('div.sides', sides.map(head)),
    h('ol.pairs', { 'aria-label': 'Steps of both' }, rows));
}

/** Returns the index of the first step at which two episodes do not do the same; null if there is none. */
export function firstDifference(a, b) {
  const said = (one) => one && JSON.stringify([one.step.action_type, sorted(one.step.parameters)]);
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) if (said(a[index]) !== said(b[index])) return index;
  return null;
}

/** Sorts parameters by name, because their order does not matter. */
const sorted = (parameters) => Object.entries(parameters ?? {}).sort(([x], [y]) => (x < y ? -1 : 1));

function toDifference(main) {
  const at = main.querySelector('[data-testid=first-difference]');
  at?.scrollIntoView({ block: 'center' });
  at?.focus({ preventScroll: true });
}

function head({ run, n, data, letter }) {
  const { trajectory, label } = data;
  return h('section.card', { 'aria-label': `Episode ${letter}`, 'data-testid': `side-${letter.toLowerCase()}` },
    h('div.row.spread', h('h2', h('span.letter', letter), ' ', name(label)), h('strong.total.num', { 'data-testid': 'grade-total' }, fixed(trajectory.score))),
    h('div.row', outcomeTag(trajectory.outcome?.kind ?? null), h('span.soft.small', `epoch ${trajectory.episode.epoch}`)),
    h('p.soft.small.num', totals(trajectory.steps)),
    trajectory.grade?.feedback && h('p.small', trajectory.grade.feedback),
    h('p.small', h('a', { href: episodeAt(run, n) }, 'The whole episode'), h('span.soft', ` ${run}`)));
}

function pair(index, a, b, parted, sides) {
  const first = index === parted;
  const same = parted === null || index < parted;
  return h(`li.pair${first ? '.first' : ''}${same ? '.same' : ''}`, first ? { 'data-testid': 'first-difference', tabindex: -1 } : {},
    first && h('p.mark', 'First difference'),
    h('div.sides', [a, b].map((one, i) => cell(one, index, sides[i]))));
}

function cell(one, index, { run, n, letter }) {
  if (!one) return h('div.cell', h('p.soft', h('span.letter', letter), ' had ended'));
  const { step, calls = [] } = one;
  return h('div.cell', { 'data-testid': 'step', 'data-step': step.step, 'data-side': letter.toLowerCase() },
    h('div.step-head', h('span.letter', letter), h('a.step-no', { href: episodeAt(run, n, step.step), 'aria-label': `Step ${step.step} of ${letter}` }, String(step.step)), action(step), sourceTag(step.source)),
    reward(step), troubles(step),
    step.result && fold('Evidence shown', step.result, { testid: 'evidence', glimpse: false }),
    callParts(calls));
}
