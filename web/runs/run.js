// The view of one run: its scores with intervals, the plots, who chose the steps, why episodes failed, and all episodes.

import { copier, count, fill, h } from '../lib/dom.js';
import { get, listen } from '../lib/api.js';
import { failures, sources } from '../charts/bars.js';
import { intervalKeys, intervals } from '../charts/intervals.js';
import { scatter } from '../charts/scatter.js';
import { episodesList } from './episodes.js';
import { conduct, reliability, scoreTable } from './score-table.js';
import { TASKS, brief, heading, moment, runAt, short, span, statusTag } from '../lib/words.js';

/** Returns an amount in as few characters as possible. */
const dollars = (value) => `$${Number(value.toPrecision(3))}`;

/** The list of episodes of a run in progress is fetched again at most this often, in milliseconds. */
const PAUSE = 2000;

/** Keeps how far the page of each run was scrolled when the reader went to one of its episodes. */
const scrolled = new Map();

/** Shows a run, and follows it while it is in progress. */
export async function open(main, [run]) {
  const path = `/runs/${encodeURIComponent(run)}`;
  const [first, episodes] = await Promise.all([get(path), get(`${path}/episodes`)]);
  const list = episodesList(run, episodes);
  const [facts, state, table, plots, costs, who, why, more] = Array.from({ length: 8 }, () => h('div.stack'));
  const jump = (text, to) => h('button.quiet', { type: 'button', onclick: () => { to.scrollIntoView({ block: 'start' }); to.focus({ preventScroll: true }); } }, text);
  const section = (title, ...parts) => h('section.card.part', { 'aria-label': title, tabindex: -1 }, h('h2', title), ...parts);
  const parts = {
    Scores: section('Scores', table),
    Plots: section('Scores with intervals', plots),
    Cost: section('Score against cost and tokens', costs),
    Steps: section('Who chose the steps', h('p.soft.small', 'A score belongs to whoever chose the steps. Model: by itself. Repaired: by the model after one message that said what was wrong. Override: by the fallback instead of a refused proposal. Fallback: by the fallback instead of an unreadable reply.'), who),
    Failures: section('Failures by kind', h('p.soft.small', 'Episodes below 0.8 by the first reason that applies; the bar is their share of the contestant’s episodes.'), why),
    Episodes: section('Episodes', list.element),
  };
  fill(main,
    h('div.stack', h('p.small', h('a', { href: '#/scores' }, 'All runs')), h('h1.mono-title', run), state, facts,
      h('nav.row.jumps', { 'aria-label': 'Parts of this run' }, Object.entries(parts).map(([text, part]) => jump(text, part)))),
    Object.values(parts).slice(0, 5), more, parts.Episodes);

  let last = '';
  let work = [];
  let frame = null;
  const draw = (data) => {
    const { summary, labels, published } = data;
    const part = data.planned ? data.ended / data.planned : 0;
    fill(state, h('div.row', statusTag(data.status), h('span.num', `${count(data.ended)} of ${count(data.planned)} episodes`),
      data.status !== 'finished' && h('progress', { max: 1, value: part, 'aria-label': 'Episodes that ended' })));
    const text = JSON.stringify(summary);
    if (text === last) return;
    last = text;
    // What a reader has scrolled sideways or unfolded stays as it is.
    const side = table.querySelector('.scroll')?.scrollLeft ?? 0;
    const opened = [...more.querySelectorAll('details')].map((one) => one.open);
    work = [
      () => fill(facts, factsOf(summary.run), command(data.command)),
      () => { fill(table, scoreTable(data)); table.querySelector('.scroll').scrollLeft = side; },
      () => fill(plots, plotsOf(summary, labels, published)),
      () => fill(costs, costsOf(summary, labels)),
      () => fill(who, sources(summary.rows, labels)),
      () => fill(why, failures(summary.rows, labels)),
      () => {
        fill(more, [['How sure, how steady', reliability(summary, labels)], ['How they worked', conduct(summary, labels)]]
          .filter(([, made]) => made).map(([title, made], i) => h('details.card', { open: Boolean(opened[i]) }, h('summary', h('h2', title)), made)));
        more.hidden = !more.firstChild;
      },
    ];
    // All parts are drawn at once at first, and later one part a frame, so that scrolling stays smooth.
    if (!frame) while (work.length) work.shift()();
    frame ??= () => { work.shift()?.(); if (work.length) requestAnimationFrame(frame); };
    if (work.length) requestAnimationFrame(frame);
  };
  draw(first);
  // The plots and the list have their heights after a frame.
  if (scrolled.has(run)) requestAnimationFrame(() => requestAnimationFrame(() => scrollTo({ top: scrolled.get(run), behavior: 'instant' })));

  let stopped = false;
  let timer = null;
  let stop = () => {};
  // A run that was stopped may be resumed.
  if (first.status !== 'finished') {
    const again = () => {
      timer = null;
      get(`${path}/episodes`).then((data) => { if (!stopped) list.update(data); }, () => { /* The next change asks again. */ });
    };
    stop = listen(path, (data) => {
      draw(data);
      timer ??= setTimeout(again, PAUSE);
      // A finished run sends no more events, and the browser would connect again and again.
      if (data.status === 'finished') stop();
    });
  }
  return () => {
    stopped = true;
    clearTimeout(timer);
    stop();
    list.stop();
    if (location.hash.startsWith(`${runAt(run)}/episodes/`)) scrolled.set(run, scrollY);
    else scrolled.delete(run);
  };
}

function factsOf(run) {
  const facts = [
    ['Suite', `${run.suite} `, short(run.suite_digest)], ['Prompts', `${run.prompts} `, short(run.prompts_digest)],
    ['Graders', run.graders.join(', ')], ['Epochs', String(run.epochs)], ['Seed', String(run.seed)], ['Version', run.bench_version],
    ['Started', moment(run.started_at) + (run.finished_at ? `, took ${span((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000)}` : '')],
  ];
  return h('dl.facts', facts.map(([term, text, digest]) => h('div', h('dt', term), h('dd', text, digest && h('code', digest)))));
}

/** Returns the command that started the run, so that it can be started again. */
function command(given) {
  const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const text = (given ?? []).map(quoted).join(' ');
  return text ? h('div.row.command', h('code', text), copier('Copy', text)) : null;
}

// ---- plots ----

const floorAndCeiling = (rows, of) => [['floor', 'random'], ['ceiling', 'oracle']].map(([kind, agent]) => {
  const at = of(rows.find((row) => row.agent === agent));
  return { kind, at, text: typeof at === 'number' ? `${kind} ${at.toFixed(3)}` : '' };
});

function plotsOf({ rows }, labels, published) {
  const lines = (of) => floorAndCeiling(rows, (row) => row && of(row).mean);
  const plot = (id, title, about, of, byOthers) => intervals({
    testid: `plot-${id}`, title, about, lines: lines(of),
    rows: [
      ...rows.map((row, index) => ({ label: labels[index], kind: row.protocol ? 'model' : 'builtin', mean: of(row).mean, ci: of(row).ci95, range: of(row).range })),
      ...published.map((one) => ({ label: one.label, kind: 'published', mean: byOthers(one) })),
    ],
  });
  const tasks = TASKS.filter(([task]) => rows.some((row) => row.tasks[task]));
  const has = (agent) => rows.some((row) => row.agent === agent);
  return [
    intervalKeys([rows.some((row) => row.protocol) && ['model', 'model'], rows.some((row) => !row.protocol) && ['builtin', 'built-in agent'], published.length && ['published', 'published by others'],
      ['interval', '95 % interval for incidents like these'],
      has('random') ? ['floor', 'floor: random'] : [null, 'no floor: random did not play'],
      has('oracle') ? ['ceiling', 'ceiling: oracle'] : [null, 'no ceiling: oracle did not play']].filter(Boolean)),
    h('div.plots.four', { style: { '--plots': 1 + tasks.length } },
      plot('overall', 'Overall', 'the mean of the tasks', (row) => ({ mean: row.overall, ci95: row.overall_ci95, range: row.overall_range }), (one) => one.overall),
      tasks.map(([task, level]) =>
        plot(task, heading(task), level, (row) => row.tasks[task] ?? {}, (one) => one.tasks[task]))),
  ];
}

function costsOf({ rows }, labels) {
  const models = rows.map((row, index) => ({ row, label: labels[index] })).filter(({ row }) => row.protocol);
  const none = (testid, text) => h('p.soft', { 'data-testid': testid }, text);
  if (!models.length) return none('plot-cost', 'No model played, so nothing was paid for and no token was used.');
  const lines = floorAndCeiling(rows, (row) => row?.overall);
  const plot = (testid, title, unit, of, text, missing) => {
    const points = models.map(({ row, label }) => ({ label, x: of(row), score: row.overall, ci: row.overall_ci95 }))
      .filter(({ x, score }) => typeof x === 'number' && typeof score === 'number' && x >= 0);
    if (!points.length) return none(testid, missing);
    const left = models.length - points.length;
    return scatter({ testid, title, unit, points, lines, text, left: left ? `${left} of ${models.length} models are missing here: ${missing.toLowerCase()}` : '' });
  };
  return h('div.plots',
    plot('plot-cost', 'Against cost', 'cost of the run in USD', (row) => row.cost_usd, dollars, 'No price or no score is known.'),
    plot('plot-tokens', 'Against tokens', 'tokens of the run, read and written', ({ usage }) => usage.prompt_tokens + usage.completion_tokens || null, brief, 'No tokens or no score are known.'));
}
