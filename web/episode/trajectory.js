// The view of one episode: every step with its calls, the grade, and the oracle's path beside it.

import { announce, count, fill, fixed, h } from '../lib/dom.js';
import { get } from '../lib/api.js';
import { neighbours } from '../runs/episodes.js';
import { lazily } from '../lib/fold.js';
import { gradePanel, oraclePanel } from './grade.js';
import { callParts, stepCard, totals } from './step.js';
import { besideAt, episodeAt, name, outcomeTag, runAt, words } from '../lib/words.js';

/** The episode that is shown is kept, so that going to another step of it needs no new request. */
let shown = null;

/** Shows an episode, and goes to a step of it. */
export async function open(main, [run, number, step]) {
  const n = Number(number);
  const data = await get(`/runs/${encodeURIComponent(run)}/episodes/${n}`);
  const { trajectory, label, level, briefing, oracle } = data;
  const { steps, task, episode } = trajectory;
  const at = (to) => episodeAt(run, n, to);
  const list = h('ol.steps', { 'aria-label': 'Steps' }, steps.map((one) => stepCard(one, at(one.step.step))));
  const lost = trajectory.calls_without_step ?? [];
  const every = h('button', { type: 'button', onclick: () => unfold(list, every) }, 'Unfold all');
  const rail = railOf(steps, at);
  fill(main,
    h('div.stack',
      h('p.small', h('a', { href: '#/scores' }, 'All runs'), ' / ', h('a', { href: runAt(run) }, run), ' / ', `episode ${n}`),
      h('div.row.spread', h('h1', name(episode.scenario), h('span.soft', ' by '), name(label)), pager(run, n, data.episodes)),
      h('div.row', outcomeTag(trajectory.outcome?.kind ?? null), h('span.tag', words(task)), level && h('span.tag', level), h('span.soft', `epoch ${episode.epoch}`), h('span.soft.num', totals(steps)))),
    h('div.episode',
      h('div.stack.flow',
        briefing && brief(briefing), rail,
        h('div.row.spread', h('h2', `Steps${briefing?.max_steps ? `, ${steps.length} of at most ${briefing.max_steps}` : ''}`), every),
        steps.length ? list : h('p.soft', 'The episode has no step.'),
        !trajectory.outcome && h('div.row', h('p.soft', 'The episode has not ended.'), h('button', { type: 'button', onclick: () => open(main, [run, number]) }, 'Load it again')),
        lost.length > 0 && h('section.card', { 'aria-label': 'Calls that led to no step' }, h('h2', 'Calls that led to no step'), callParts(lost))),
      h('div.stack.side', gradePanel(trajectory), oraclePanel(oracle, steps, at), other(run, n, episode.scenario))));
  shown = { run, number, list, rail };
  if (step) goTo(step);
  return () => { shown = null; };
}

/** Goes to another step of the episode that is shown. Returns false if it is another episode. */
export function move([run, number, step]) {
  if (!shown || shown.run !== run || shown.number !== number) return false;
  goTo(step);
  return true;
}

function goTo(step) {
  for (const [where, attribute] of [[shown.list, 'data-step'], [shown.rail, 'data-to']]) {
    where?.querySelector('[aria-current]')?.removeAttribute('aria-current');
    where?.querySelector(`[${attribute}="${Number(step)}"]`)?.setAttribute('aria-current', 'step');
  }
  const card = step ? shown.list.querySelector(`[data-step="${Number(step)}"]`) : null;
  if (!card) { if (step) announce(`There is no step ${step}`); return; }
  card.scrollIntoView({ block: 'start' });
  card.focus({ preventScroll: true });
  announce(`Step ${step}`);
}

/** Unfolds one part in each frame, because many long texts at once would block the page. */
function unfold(list, button) {
  const folds = [...list.querySelectorAll('details')];
  const close = folds.length > 0 && folds.every((one) => one.open);
  button.disabled = true;
  const next = () => {
    const one = folds.shift();
    if (!one) {
      button.disabled = false;
      button.textContent = close ? 'Unfold all' : 'Fold all';
      return;
    }
    if (close) one.open = false;
    else one.unfold();
    requestAnimationFrame(next);
  };
  next();
}

/** Returns links to the episodes before and after this one, in the order of the list. */
function pager(run, n, all) {
  const { before, after, at, of } = neighbours(run, n, all);
  const to = (where, text, rel) => (where === undefined ? h('span.soft.small', text) : h('a', { href: episodeAt(run, where), rel }, text));
  return h('nav.row', { 'aria-label': 'Episodes' }, to(before, '← Before', 'prev'), of && h('span.soft.small.num', `${count(at)} of ${count(of)}`), to(after, 'Next →', 'next'));
}

function brief({ summary, alert }) {
  return lazily(h('summary', h('span.what', 'Briefing'), ' ', h('span.glimpse.soft', summary.slice(0, 140))), () => [
    h('p', summary),
    h('dl.facts', Object.entries(alert ?? {}).filter(([, value]) => value !== null).map(([key, value]) => h('div', h('dt', words(key)),
      h('dd', Array.isArray(value) ? h('ul.notes', value.map((one) => h('li', text(one)))) : text(value))))),
  ], { tone: 'card', testid: 'briefing' });
}

const text = (value) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value));

/** Returns all steps on one line: the height of a bar is the reward, its colour the source, and each links to its step. */
function railOf(steps, at) {
  if (!steps.length) return null;
  const most = Math.max(0.05, ...steps.map(({ step }) => Math.abs(step.reward)));
  return h('nav.card.rail-card', { 'aria-label': 'Steps at a glance' }, h('h2', 'Steps at a glance'),
    h('ol.rail', steps.map(({ step }) => h('li', h('a', {
      href: at(step.step), 'data-to': step.step, title: `${step.action_type}, ${step.source}, reward ${fixed(step.reward, 2)}`,
      'aria-label': `Step ${step.step}: ${words(step.action_type)}, ${step.source}, reward ${fixed(step.reward, 2)}`,
    },
    h('span.bar', { 'aria-hidden': 'true' }, h(`i${step.reward < 0 ? '.down' : '.up'}.of-${step.source}`, { style: { '--part': `${(Math.sqrt(Math.abs(step.reward) / most) * 50).toFixed(1)}%` } })),
    h('span.small.num', { 'aria-hidden': 'true' }, String(step.step)))))));
}

/** Returns the choice of another episode of the same scenario, of this run or another one. */
function other(run, n, scenario) {
  const runs = h('select', { 'data-testid': 'beside-run', onchange: () => load(runs.value) });
  const episodes = h('select', { 'data-testid': 'beside-episode', onchange: () => { go.disabled = !episodes.value; } });
  const go = h('button', { type: 'button', disabled: true, 'data-testid': 'beside', onclick: () => { location.hash = besideAt(run, n, runs.value, episodes.value); } }, 'Side by side');
  const load = async (id) => {
    go.disabled = true;
    const data = await get(`/runs/${encodeURIComponent(id)}/episodes`).catch(() => null);
    if (!data || runs.value !== id) return;
    const found = data.episodes.filter((e) => data.scenarios[e.scenario].id === scenario && !(id === run && e.n === n) && e.outcome);
    fill(episodes, found.map((e) => h('option', { value: e.n }, `${data.contestants[e.contestant]}, epoch ${e.epoch}: ${e.score === null ? words(e.outcome) : fixed(e.score)}`)),
      !found.length && h('option', { value: '' }, 'no other episode'));
    go.disabled = !found.length;
  };
  // The list is fetched when the reader asks for it, because most do not.
  const part = lazily(h('summary', h('h2', 'Another episode beside it')), () => {
    runs.append(h('option', { value: run }, `this run`));
    load(run);
    get('/runs').then(({ runs: all }) => {
      const suite = all.find((one) => one.id === run)?.suite_digest;
      runs.append(...all.filter((one) => one.id !== run && one.suite_digest === suite).map((one) => h('option', { value: one.id }, one.id)));
    }, () => {});
    return [h('label', 'Run', runs), h('label', `Episode of ${scenario}`, episodes), h('div.row', go)];
  }, { tone: 'card', testid: 'beside-choice' });
  return part;
}
