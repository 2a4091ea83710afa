// The list of all runs: the scores of each at a glance, updated while a run is in progress, and the choice of two to compare.

import { announce, count, fill, fixed, h } from '../lib/dom.js';
import { get, listen } from '../lib/api.js';
import { glance } from '../charts/intervals.js';
import { compareAt, moment, name, runAt, span, statusTag } from '../lib/words.js';

/** The list shows this many runs at first, and as many more each time the reader asks. */
const PAGE = 60;

/** The chosen runs in the order of choosing. They are kept when the reader leaves and comes back. */
let chosen = [];

/** Shows all runs, and follows their changes. */
export async function open(main) {
  let { runs, unreadable = [] } = await get('/runs');
  let limit = PAGE;
  const cards = new Map();
  const list = h('ul.runs', { 'data-testid': 'runs' });
  const more = h('button', { type: 'button', onclick: () => { limit += PAGE; draw(); } }, 'Show more runs');
  const tray = h('div.tray', { role: 'region', 'aria-label': 'Comparison' });
  const said = h('p.soft');
  const lost = h('p.notice', { 'data-testid': 'unreadable' });
  fill(main, h('div.stack', h('h1', 'Scores'), said, lost), list, h('div.row', more), tray);

  const draw = () => {
    const going = runs.filter((run) => run.status === 'running').length;
    said.textContent = runs.length
      ? `${runs.length} ${runs.length === 1 ? 'run' : 'runs'} in the results folder${going ? `, ${going} in progress` : ''}. New ones appear here by themselves.`
      : '';
    lost.hidden = !unreadable.length;
    lost.textContent = unreadable.map(({ id, problem }) => `Not shown: ${id}, ${problem}`).join('\n');
    const known = new Set(runs.map((run) => run.id));
    chosen = chosen.filter((id) => known.has(id));
    for (const [id, card] of cards) if (!known.has(id)) { card.element.remove(); cards.delete(id); }
    if (!runs.length) { fill(list, empty()); more.hidden = true; trayNow(); return; }
    list.querySelector('.none')?.remove();
    let before = null;
    for (const run of runs.slice(0, limit)) {
      let card = cards.get(run.id);
      if (!card) { card = cardOf(run, choose); cards.set(run.id, card); }
      card.update(run);
      // Only new elements are inserted, because an element that stays in the document keeps the focus.
      const place = before ? before.nextSibling : list.firstChild;
      if (place !== card.element) list.insertBefore(card.element, place);
      before = card.element;
    }
    more.hidden = runs.length <= limit;
    trayNow();
  };

  const choose = (id, on) => {
    // The older run is the base unless the reader swaps them. An id begins with the time, so the ids sort by age.
    chosen = on ? [...chosen.filter((one) => one !== id), id].slice(-2).sort() : chosen.filter((one) => one !== id);
    trayNow();
    announce(chosen.length === 2 ? 'Two runs are chosen' : `${chosen.length} of two runs chosen`);
  };

  const trayNow = () => {
    const suite = chosen.length ? runs.find((run) => run.id === chosen[0]).suite_digest : null;
    for (const [id, card] of cards) card.mark(chosen.includes(id), chosen.length === 2, suite);
    tray.hidden = !chosen.length;
    if (!chosen.length) return;
    const [base, next] = chosen;
    fill(tray, h('p', h('span.soft', 'Base '), h('strong.mono', base), ' ', h('span.soft', 'New '), next ? h('strong.mono', next) : h('span.soft', '– choose a second run')),
      h('div.row',
        h('button.quiet', { type: 'button', onclick: () => { chosen = []; trayNow(); } }, 'Clear'),
        next && h('button', { type: 'button', 'data-testid': 'swap', onclick: () => { chosen.reverse(); trayNow(); } }, 'Swap'),
        h('button.main', { type: 'button', 'data-testid': 'compare', disabled: !next, onclick: () => { location.hash = compareAt(base, next); } }, 'Compare')));
  };

  draw();
  return listen('/runs', (data) => { ({ runs, unreadable = [] } = data); draw(); });
}

function empty() {
  return h('li.card.none', h('h2', 'No runs yet'),
    h('p', 'Start one in a terminal, and it appears here while it plays:'),
    h('pre.notice', 'bench --agent heuristic,oracle,random,fallback'));
}

/** Returns a run of the list: `update` writes what changed, and `mark` shows whether it is chosen. */
function cardOf(run, choose) {
  const box = h('input', { type: 'checkbox', 'data-testid': 'choose', 'aria-label': `Choose run ${run.id} for a comparison`, onchange: () => choose(run.id, box.checked) });
  const drift = h('span.tag.warn', 'other suite');
  const [state, scores] = [h('div.state'), h('div.scored')];
  const element = h('li.run', { 'data-testid': 'run-row', 'data-run': run.id },
    h('label.pick', box, h('span.unseen', 'Choose')),
    h('div.what', h('a.mono', { href: runAt(run.id) }, run.id), h('div.soft.small', h('span', run.suite), ' · ', epochs(run.epochs), ' ', drift)),
    scores, state);
  let last = '';
  return {
    element,
    update(now) {
      const text = JSON.stringify(now);
      if (text === last) return;
      last = text;
      element.dataset.suite = now.suite_digest;
      fill(scores, glance(now.contestants), h('p.small', contestants(now.contestants)));
      const part = now.planned ? now.ended / now.planned : 0;
      fill(state, h('div.row', statusTag(now.status), h('span.small.num', now.status === 'finished' ? `${count(now.ended)} episodes` : `${count(now.ended)} of ${count(now.planned)}`)),
        now.status === 'finished'
          ? h('span.soft.small', moment(now.started_at), now.finished_at && `, ${span((Date.parse(now.finished_at) - Date.parse(now.started_at)) / 1000)}`)
          : [h('progress', { max: 1, value: part, 'aria-label': `Episodes of run ${now.id} that ended` }), h('span.soft.small', moment(now.started_at))]);
    },
    mark(on, full, suite) {
      box.checked = on;
      // A third run cannot be chosen before one of the two is given up.
      box.disabled = full && !on;
      element.classList.toggle('on', on);
      drift.hidden = !suite || element.dataset.suite === suite;
    },
  };
}

const epochs = (n) => `${n} ${n === 1 ? 'epoch' : 'epochs'}`;

/** Returns the contestants, models before built-in agents and the best first. Those beyond six are only counted. */
function contestants(all) {
  const order = [...all].sort((a, b) => Number(Boolean(b.protocol)) - Number(Boolean(a.protocol)) || (b.overall ?? -1) - (a.overall ?? -1));
  const shown = order.slice(0, 6).map((one) => h('span.one', one.protocol ? h('strong', name(one.label)) : name(one.label), ' ', h('span.num.soft', fixed(one.overall)), ' '));
  return [shown, order.length > 6 && h('span.soft', `and ${order.length - 6} more`)];
}
