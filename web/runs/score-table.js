// The score table of a run, and two more tables: how sure a score is, and how an agent worked.

import { fixed, h } from '../lib/dom.js';
import { TASKS, around, askedBy, brief, name, span, usd, words } from '../lib/words.js';

/** These return columns: a head, a function that fills a cell, and whether the cell is text. */
const text = (head, cell) => ({ head, cell, text: true });
const number = (head, cell, of) => ({ head, cell, of });

/** Returns the table of scores with their intervals. Published rows are marked and set apart. */
export function scoreTable({ summary, labels, published }) {
  const { rows, run } = summary;
  const models = rows.some((row) => row.protocol);
  const share = (row) => (row.protocol && row.steps ? `${Math.round((row.model_steps / row.steps) * 100)} %` : '–');
  const open = (row) => row.unfinished + (row.set_aside ?? 0);
  const columns = [
    models && text('Asked by', (row) => askedBy(row)),
    ...TASKS.map(([task, level]) => number(level, (row) => fixed(row.tasks[task]?.mean), words(task))),
    number('Overall', (row) => h('strong', fixed(row.overall))),
    number('95 % interval', (row) => around(row.overall_ci95, row.overall_range)),
    number('Strict', (row) => fixed(row.strict_overall)),
    rows.some((row) => row.pass_hat_k) && number('pass^k', (row) => fixed(row.pass_hat_k?.value)),
    rows.some((row) => row.reliability?.pass_rate) && number('Passes', (row) => fixed(row.reliability?.pass_rate?.value, 2)),
    models && number('Model-chosen', share),
    number('Steps', (row) => brief(row.steps)),
    models && number('Tokens', tokens),
    models && number('Cost', (row) => usd(row.cost_usd)),
    models && number('p50 call', (row) => (row.latency_ms ? span(row.latency_ms.p50 / 1000) : '–')),
    number('Void', (row) => (open(row) ? `${row.void} (+${open(row)} open)` : String(row.void))),
  ].filter(Boolean);
  const body = rows.map((row, index) => h('tr', h('th', { scope: 'row' }, name(labels[index] ?? row.model)),
    columns.map((column) => h(column.text ? 'td' : 'td.num', column.cell(row)))));
  for (const one of published) {
    const row = { tasks: Object.fromEntries(Object.entries(one.tasks).map(([task, mean]) => [task, { mean }])), overall: one.overall };
    const known = new Set([...TASKS.map(([, level]) => level), 'Overall']);
    body.push(h('tr.apart', h('th', { scope: 'row' }, name(one.label), ' ', h('span.tag', 'published')),
      columns.map((column) => h(column.text ? 'td' : 'td.num', known.has(column.head) ? column.cell(row) : '–'))));
  }
  return h('div.stack',
    h('div.scroll', { role: 'region', tabindex: 0, 'aria-label': 'Score table' }, h('table.scores', { 'data-testid': 'score-table' },
      h('thead', h('tr', h('th', { scope: 'col' }, 'Contestant'),
        columns.map((column) => h(column.text ? 'th' : 'th.num', { scope: 'col' }, column.head, column.of && h('small', column.of))))),
      h('tbody', body))),
    h('ul.notes', notes(summary, labels, published).map((note) => h('li', note))));
}

/** Says whether a row is about a program or client of the user, which asks models by itself or asks none. */
const isProgram = (row) => row.agent === 'exec' || row.agent === 'client';

function tokens(row) {
  if (!row.calls || !row.protocol || isProgram(row)) return '–';
  return `${row.calls_without_usage ? '≥ ' : ''}${brief(row.usage.prompt_tokens + row.usage.completion_tokens)}`;
}

function notes({ rows, run }, labels, published) {
  const scenarios = Math.max(0, ...rows.map((row) => Object.values(row.tasks).reduce((sum, task) => sum + Object.keys(task.scenarios ?? {}).length, 0)));
  const pass = rows.find((row) => row.pass_hat_k)?.pass_hat_k;
  const said = (row, what) => `${labels[rows.indexOf(row)] ?? row.model}: ${what}`;
  return [
    `${scenarios} scenarios × ${run.epochs} ${run.epochs === 1 ? 'epoch' : 'epochs'}. Scores go from 0 to 1; the interval is for incidents like these${scenarios < 30 ? ', and wide because scenarios are few' : ''}.`,
    rows.some((row) => row.overall_range) && 'Scenarios are too few for an interval: the range is from the lowest to the highest score.',
    pass && `pass^k: the share of scenarios of which each of ${pass.k} epochs scores ${pass.threshold} or more.`,
    published.length && 'Published by others: made with other prompts and an earlier engine, not measured here.',
    ...voids(rows, labels),
    ...rows.filter((row) => row.left_message).map((row) => said(row, row.left_message)),
    ...rows.filter((row) => row.answered_by && row.answered_by !== row.model).map((row) => said(row, `the endpoint says that ${row.answered_by} answered`)),
    run.stopped_by && `The run was stopped: ${run.stopped_by}.`,
  ].filter(Boolean);
}

/** Returns what made episodes void, with the contestants of these episodes. */
function voids(rows, labels) {
  const befell = new Map();
  rows.forEach((row, index) => {
    if (row.void > 0 && row.void_message) befell.set(row.void_message, [...(befell.get(row.void_message) ?? []), labels[index] ?? row.model]);
  });
  return [...befell].map(([message, names]) => `Void, of ${names.join(', ')}: ${message}`);
}

/** Returns the table that says how sure and how steady a score is, one row for each contestant; null if nothing is known. */
export function reliability({ rows }, labels) {
  const overK = (values) => (values ?? []).map((value, i) => [i + 1, value])
    .filter(([k]) => (k & (k - 1)) === 0 || k === values.length).map(([k, value]) => `${k}: ${fixed(value, 2)}`).join(', ');
  const columns = [
    ['SE, incidents like these', (found) => found.se_general !== undefined && fixed(found.se_general)],
    ['SE, these scenarios', (found) => typeof found.se_fixed === 'number' && fixed(found.se_fixed)],
    ['Passes (95 %)', ({ pass_rate: rate }) => rate && `${fixed(rate.value, 2)} (${fixed(rate.wilson95[0], 2)} to ${fixed(rate.wilson95[1], 2)})`],
    ['Effective n', ({ pass_rate: rate }) => rate && fixed(rate.effective_n, 1)],
    ['pass@k', (found) => overK(found.pass_at)],
    ['pass^k', (found) => overK(found.pass_hat)],
    ['Flips', (found) => typeof found.flip_rate === 'number' && `${Math.round(found.flip_rate * 100)} %`],
    ['ICC', (found) => typeof found.icc === 'number' && fixed(found.icc, 2)],
  ];
  const known = rows.map((row, i) => [labels[i] ?? row.model, row.reliability]).filter(([, found]) => found);
  const filled = columns.filter(([, cell]) => known.some(([, found]) => cell(found)));
  if (!filled.length) return null;
  return plain('How sure, how steady', ['Contestant', ...filled.map(([head]) => head)],
    known.map(([label, found]) => [label, ...filled.map(([, cell]) => cell(found) || '–')]));
}

/** Returns the table that says how the contestants worked, one row for each measure; null if no grade has any measure. */
export function conduct({ rows }, labels) {
  const known = rows.map((row, i) => [labels[i] ?? row.model, row.conduct ?? {}]).filter(([, found]) => Object.keys(found).length);
  const names = [...new Set(known.flatMap(([, found]) => Object.keys(found)))].sort();
  if (!names.length) return null;
  return plain('How they worked', ['Measure', ...known.map(([label]) => label)], names.map((measure) => [words(measure),
    ...known.map(([, found]) => (found[measure] ? `${fixed(found[measure].value)} (${found[measure].episodes})` : '–'))]));
}

function plain(label, head, rows) {
  return h('div.scroll', { role: 'region', tabindex: 0, 'aria-label': `Table: ${label}` }, h('table',
    h('thead', h('tr', head.map((cell, i) => h(i ? 'th.num' : 'th', { scope: 'col' }, name(cell))))),
    h('tbody', rows.map((row) => h('tr', row.map((cell, i) => (i ? h('td.num', cell) : h('th', { scope: 'row' }, name(cell)))))))));
}
