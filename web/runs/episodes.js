// The list of a run's episodes, filtered by contestant, task, outcome and text, in any order.

import { count, fixed, h } from '../lib/dom.js';
import { PASSES, brief, episodeAt, name, outcome, outcomeTag, span, usd, words } from '../lib/words.js';
import { rowsGrid } from '../lib/rows.js';

/** The filters and the position of each run's list are kept, so that a reader who comes back finds them. */
const kept = new Map();

const COLUMNS = [
  { key: 'n', title: 'No.', number: true, cell: (e) => String(e.n), by: (e) => e.n },
  { key: 'scenario', title: 'Scenario', cell: (e) => h('a', { href: e.at, tabindex: -1 }, name(e.id)), by: (e) => e.id },
  { key: 'contestant', title: 'Contestant', cell: (e) => name(e.label), by: (e) => e.label },
  { key: 'task', title: 'Task', cell: (e) => words(e.task), by: (e) => e.task },
  { key: 'epoch', title: 'Epoch', number: true, cell: (e) => String(e.epoch), by: (e) => e.epoch },
  { key: 'outcome', title: 'Outcome', cell: (e) => outcomeTag(e.outcome), by: (e) => e.outcome ?? '' },
  { key: 'score', title: 'Score', number: true, cell: score, by: (e) => e.score },
  { key: 'strict', title: 'Strict', number: true, cell: (e) => fixed(e.strict), by: (e) => e.strict },
  { key: 'steps', title: 'Steps', number: true, cell: (e) => String(e.steps), by: (e) => e.steps },
  { key: 'calls', title: 'Calls', number: true, cell: (e) => (e.calls ? String(e.calls) : '–'), by: (e) => e.calls },
  { key: 'tokens', title: 'Tokens', number: true, cell: (e) => (e.tokens ? brief(e.tokens) : '–'), by: (e) => e.tokens },
  { key: 'cost', title: 'Cost', number: true, cell: (e) => usd(e.cost_usd), by: (e) => e.cost_usd },
  { key: 'time', title: 'Time', number: true, cell: (e) => span(e.seconds), by: (e) => e.seconds },
];

function score(e) {
  return typeof e.score === 'number' ? h('span.meter', { style: { '--part': `${e.score * 100}%` } }, fixed(e.score)) : '–';
}

/** Returns the list of a run's episodes: `{ element, update(data), stop }`, where `data` is the answer of `/runs/ID/episodes`. */
export function episodesList(run, first) {
  const state = kept.get(run) ?? { contestant: '', task: '', outcome: '', text: '', sort: { key: 'n', down: false }, place: null, order: null };
  kept.set(run, state);
  let episodes = [];
  const columns = COLUMNS.filter(({ key }) =>
    !(key === 'cost' && first.episodes.every((e) => e.cost_usd === null))
    && !(key === 'strict' && first.episodes.every((e) => e.strict === null))
    && !((key === 'tokens' || key === 'calls') && first.episodes.every((e) => !e.calls)));

  const select = (label, field, options) => {
    const element = h('select', { 'data-testid': `filter-${field}`, onchange: () => { state[field] = element.value; find(); } },
      h('option', { value: '' }, 'all'), options.map(([value, text]) => h('option', { value }, text)));
    element.value = state[field];
    if (element.selectedIndex < 0) element.value = state[field] = '';
    return h('label', label, element);
  };
  const text = h('input', {
    type: 'search', 'data-testid': 'filter', placeholder: 'scenario, contestant, reason', value: state.text,
    oninput: () => { state.text = text.value; find(); },
  });
  const by = h('select', { 'data-testid': 'sort', onchange: () => { state.sort = { key: by.value, down: false }; find(); } },
    columns.map(({ key, title }) => h('option', { value: key }, title)));
  const turn = h('button', { type: 'button', 'data-testid': 'sort-direction', onclick: () => { state.sort.down = !state.sort.down; find(); } });
  const said = h('p.soft.small', { role: 'status' });
  const tasks = [...new Set(first.scenarios.map((scenario) => scenario.task))];
  const kinds = ['completed', 'step_limit', 'given_up', 'void', 'crashed', 'cancelled'];

  const grid = rowsGrid({
    label: 'Episodes', testid: 'episodes', rowTestid: 'episode-row', columns, key: (e) => e.n,
    opened: (e) => { location.hash = e.at; },
    sorted: (key) => { state.sort = { key, down: state.sort.key === key && !state.sort.down }; find(); },
  });

  const find = (how) => {
    const needle = state.text.trim().toLowerCase();
    const found = episodes.filter((e) => (state.contestant === '' || e.contestant === Number(state.contestant))
      && (state.task === '' || e.task === state.task)
      && matches(e, state.outcome)
      && (!needle || e.needle.includes(needle)));
    const { by: value } = COLUMNS.find(({ key }) => key === state.sort.key);
    found.sort((a, b) => compare(value(a), value(b), state.sort.down) || a.n - b.n);
    state.order = found.map((e) => e.n);
    by.value = state.sort.key;
    turn.textContent = state.sort.down ? 'Descending' : 'Ascending';
    said.textContent = `${found.length === episodes.length ? 'All' : `${count(found.length)} of`} ${count(episodes.length)} episodes.`;
    grid.show(found, state.sort, how);
  };

  const take = (data) => {
    episodes = data.episodes.map((e) => {
      const { id, task, level } = data.scenarios[e.scenario];
      const label = data.contestants[e.contestant];
      return { ...e, id, task, level, label, at: episodeAt(run, e.n), needle: `${id} ${label} ${level ?? ''} ${outcome(e.outcome)[1]} ${e.reason ?? ''}`.toLowerCase() };
    });
  };
  take(first);

  const element = h('div.stack',
    h('div.filters',
      select('Contestant', 'contestant', first.contestants.map((label, index) => [index, label])),
      select('Task', 'task', tasks.map((task) => [task, words(task)])),
      select('Outcome', 'outcome', [...kinds.map((kind) => [kind, words(kind)]), ['running', 'running'], ['passed', `passed (${PASSES} or more)`], ['below', `below ${PASSES}`]]),
      h('label.wide', 'Text', text),
      h('label', 'Sort by', by), turn),
    said, grid.element);
  find({ place: state.place });
  return {
    element,
    update: (data) => { take(data); find({ keep: true }); },
    stop: () => { state.place = grid.remember(); grid.stop(); },
  };
}

function matches(e, wanted) {
  if (wanted === '') return true;
  if (wanted === 'running') return e.outcome === null;
  if (wanted === 'passed') return e.score !== null && e.score >= PASSES;
  if (wanted === 'below') return e.score !== null && e.score < PASSES;
  return e.outcome === wanted;
}

/** Compares two values. A missing value comes last in both directions. */
function compare(a, b, down) {
  const [none, other] = [a === null || a === undefined, b === null || b === undefined];
  if (none || other) return Number(none) - Number(other);
  const order = typeof a === 'number' ? a - b : a < b ? -1 : a > b ? 1 : 0;
  return down ? -order : order;
}

/** Returns the episodes before and after one: in the order of the list if the reader has seen it there, and else in that of the run. */
export function neighbours(run, n, all) {
  const order = kept.get(run)?.order;
  const at = order?.indexOf(n) ?? -1;
  if (at >= 0) return { before: order[at - 1], after: order[at + 1], at: at + 1, of: order.length };
  return { before: n > 0 ? n - 1 : undefined, after: all === undefined || n + 1 < all ? n + 1 : undefined, at: n + 1, of: all };
}
