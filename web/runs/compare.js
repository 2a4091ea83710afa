// The comparison of two runs, or of two contestants: the verdict, the differences with their intervals, and the scenarios that went another way.

import { copier, fill, fixed, h } from '../lib/dom.js';
import { Refused, get } from '../lib/api.js';
import { intervalKeys, intervals } from '../charts/intervals.js';
import { besideAt, compareAt, heading, interval, name, runAt, signed, words } from '../lib/words.js';

const SAID = {
  better: ['good', 'Better', 'Every contestant that counts is surely better.'],
  same: ['good', 'Same', 'No contestant is worse by more than the margin.'],
  worse: ['bad', 'Worse', 'At least one contestant is surely worse, and measured as worse than the margin.'],
  worse_than_margin: ['bad', 'Worse than the margin', 'At least one contestant is surely worse by more than the margin.'],
  not_decided: ['warn', 'Not decided', 'These episodes do not decide whether a contestant is worse by more than the margin.'],
};
const word = (verdict) => SAID[verdict]?.[1] ?? words(verdict);

/** Shows the comparison of two runs. With `?allow_drift=true` at the end of the address it compares runs that do not match. */
export async function open(main, [base, last]) {
  const [next, query] = last.split('?');
  const drift = query === 'allow_drift=true';
  const top = h('div.stack', h('p.small', h('a', { href: '#/scores' }, 'All runs')), h('h1', 'Comparison'),
    h('p', h('span.soft', 'Base '), h('a.mono', { href: runAt(runOf(base)) }, base), ' ', h('span.soft', 'New '), h('a.mono', { href: runAt(runOf(next)) }, next), ' ',
      h('a.small', { href: compareAt(next, base) + (drift ? '?allow_drift=true' : '') }, 'Swap them')));
  fill(main, top, h('p.soft', 'Comparing…'));
  try {
    const ask = `/compare?base=${encodeURIComponent(base)}&new=${encodeURIComponent(next)}${drift ? '&allow_drift=true' : ''}`;
    fill(main, top, view(await get(ask), base, next, drift));
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 409) throw error;
    fill(main, top, h('div.card', h('h2', 'These runs do not match'), h('p.notice.warn', { role: 'alert' }, error.message),
      h('p', 'A difference of their scores would say as much about that as about the contestants. ',
        h('a', { href: `${compareAt(base, next)}?allow_drift=true`, 'data-testid': 'allow-drift' }, 'Compare them all the same'))));
  }
}

/** Returns the run of a side, which may name one of its contestants after a colon. */
const runOf = (side) => side.split(':')[0];

/** Returns what is missing in the new run, as a text. */
const lacking = ({ what, model, task, scenario, epochs }) => [
  what === 'contestant' ? 'contestant' : `${name(model)}:`,
  { contestant: name(model), task: `task ${words(task ?? '')}`, scenario: `scenario ${scenario}`,
    epochs: `${scenario}, epochs ${(epochs ?? []).map((epoch) => epoch + 1).join(', ')}` }[what],
].join(' ');

function view({ verdict, text, comparison }, base, next, drift) {
  const { rows, notes, margin, alpha, missing, allow_missing: allowed } = comparison;
  const [tone, , about] = SAID[verdict] ?? ['', '', ''];
  const overall = rows.filter((row) => row.scope === 'overall');
  const counts = Object.keys(SAID).map((kind) => [kind, overall.filter((row) => row.verdict === kind).length]).filter(([, n]) => n);
  const scopes = [...new Set(rows.map((row) => row.scope))];
  const scale = scaleOf(rows);
  const plot = (scope) => intervals({
    testid: `plot-${scope}`, title: heading(scope), about: 'new less base', scale, sign: true,
    lines: [{ kind: 'margin', at: -margin, text: `margin −${margin}` }],
    rows: rows.filter((row) => row.scope === scope).map((row) => ({ label: titled(row), kind: 'model', mean: row.delta, ci: row.ci95_paired, inner: row.bounds_fixed })),
  });
  return [
    h(`section.card.verdict.${tone || 'plain'}`, { 'aria-label': 'Verdict' },
      h('p.verdict-word', { 'data-testid': 'verdict' }, word(verdict)),
      h('p', rows.length ? about : 'The runs have no contestant in common.'),
      missing.length > 0 && h('div', { 'data-testid': 'missing' }, h('p', allowed ? 'The new run lacks this:' : 'The new run lacks this, and what is not there is not agreement:'),
        h('ul.notes', missing.slice(0, 20).map((one) => h('li', lacking(one)))), missing.length > 20 && h('p.soft', `and ${missing.length - 20} more`)),
      h('p.soft.small', `${counts.map(([kind, n]) => `${n} ${word(kind).toLowerCase()}`).join(', ')}${counts.length ? ' overall. ' : ''}Margin ${margin}, one-sided bounds at ${Math.round((1 - alpha) * 100)} %; a change is called one with an error of ${Math.round(alpha * 100)} % for all rows together.${drift ? ' Compared although the runs do not match.' : ''}`)),
    rows.length > 0 && h('section.card', { 'aria-label': 'Differences' }, h('h2', 'Differences'),
      intervalKeys([['model', 'difference'], ['inner', 'bounds on these scenarios, alone'], ['interval', '95 % interval for incidents like these'], ['margin', 'what is tolerated']]),
      h('div.plots.four', { style: { '--plots': Math.min(4, scopes.length) } }, scopes.map(plot)),
      table(rows), h('div.row', copier('Copy as Markdown', text))),
    changes(rows, base, next),
    notes.length > 0 && h('section.card', { 'aria-label': 'Notes' }, h('h2', 'Notes'), h('ul.notes', notes.map((note) => h('li', note)))),
  ].filter(Boolean);
}

/** Returns the name of a row: that of the contestant, or both where they differ. */
const titled = (row) => (row.base_model ? `${name(row.base_model)} → ${name(row.model)}` : name(row.model));

/** Returns a scale as wide as the widest interval needs, with 0 in the middle. */
function scaleOf(rows) {
  const ends = rows.flatMap((row) => [row.delta, ...(row.ci95_paired ?? []), ...(row.bounds_fixed ?? [])]).map(Math.abs);
  const end = [0.05, 0.1, 0.2, 0.4, 0.6].find((to) => Math.max(0.04, ...ends) <= to) ?? 1;
  return { low: -end, high: end, ticks: [-end, -end / 2, 0, end / 2, end], text: (value) => (value ? signed(value, end < 0.1 ? 3 : 2) : '0') };
}

function table(rows) {
  const tone = (verdict) => SAID[verdict]?.[0] ?? '';
  return h('div.scroll', { role: 'region', tabindex: 0, 'aria-label': 'Table of differences' }, h('table',
    h('thead', h('tr', h('th', { scope: 'col' }, 'Contestant'), h('th', { scope: 'col' }, 'Scope'),
      ['Base', 'New', 'Δ', 'These scenarios', 'Incidents like these', 'p (sign flip)'].map((head) => h('th.num', { scope: 'col' }, head)),
      h('th', { scope: 'col' }, 'Verdict'))),
    h('tbody', rows.map((row) => h(`tr${row.scope === 'overall' ? '.lead' : '.part'}`,
      h('th', { scope: 'row' }, titled(row)), h('td', words(row.scope)),
      h('td.num', fixed(row.base)), h('td.num', fixed(row.new)), h('td.num', h('strong', signed(row.delta, 3))),
      h('td.num', interval(row.bounds_fixed)), h('td.num', interval(row.ci95_paired)), h('td.num', fixed(row.p_sign_flip)),
      h('td', h(`span.tag${tone(row.verdict) ? `.${tone(row.verdict)}` : ''}`, word(row.verdict).toLowerCase()), row.exact && h('span.soft', ' exact'),
        row.verdict === 'not_decided' && row.epochs_needed && h('span.soft', ` would need ${row.error_from === 'epochs' ? '' : 'at most '}${row.epochs_needed} epochs`)))))));
}

/** Returns the scenarios whose score changed, each with a link to both episodes. */
function changes(rows, base, next) {
  const changed = rows.filter((row) => row.changed.length);
  if (!changed.length) return null;
  return h('section.card', { 'aria-label': 'Scenarios that changed' }, h('h2', 'Scenarios that changed'),
    changed.map((row) => h('div.stack', h('h3', titled(row), row.scope !== 'overall' && h('span.soft', ` ${words(row.scope)}`)),
      h('ul.changes', row.changed.map((one) => h('li',
        h('span.mono', one.scenario), ' ',
        h('span.num', `${fixed(one.base)} → `, h('strong', fixed(one.new))), ' ',
        h(`span.tag${one.new < one.base ? '.bad' : '.good'}`, signed(one.new - one.base, 3)), ' ',
        typeof one.p_worse === 'number' && h('span.soft.small', `worse with a chance of ${fixed(one.p_worse, 2)} `),
        one.first_difference && parting(one, row, runOf(base), runOf(next))))),
      row.changed.some((one) => typeof one.p_worse === 'number') && h('p.soft.small', `Chance alone makes ${fixed(row.flags_by_chance, 2)} of these chances on average.`))));
}

function parting({ scenario, first_difference: at }, { model, base_model: of }, base, next) {
  const said = (text) => h('code', text ?? 'had ended');
  const look = h('button', { type: 'button' }, 'Side by side');
  look.addEventListener('click', async () => {
    look.disabled = true;
    try {
      const [n, m] = await Promise.all([[base, of ?? model], [next, model]].map(([run, label]) => numberOf(run, label, scenario, at.epoch)));
      location.hash = besideAt(base, n, next, m);
    } catch (error) {
      look.replaceWith(h('span.notice.bad', { role: 'alert' }, error.message));
    }
  });
  return h('div.parting.small', h('span.soft', `epoch ${at.epoch}, they part at step ${at.step}: `), said(at.base), h('span.soft', ' | '), said(at.new), ' ', look);
}

/** Returns the number of an episode in its run. */
async function numberOf(run, model, scenario, epoch) {
  const { episodes, contestants, scenarios } = await get(`/runs/${encodeURIComponent(run)}/episodes`);
  const found = episodes.find((e) => contestants[e.contestant] === model && scenarios[e.scenario].id === scenario && e.epoch === epoch);
  if (!found) throw new Error(`run ${run} has no such episode`);
  return found.n;
}
