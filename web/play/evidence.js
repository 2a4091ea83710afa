// The list of evidence: what each step brought, newest first, searchable, with records that can be cited.

import { fill, h, s } from '../lib/dom.js';
import { actionName } from './words.js';

/** The texts of these actions are tables. Their columns must stay aligned, so they scroll and do not wrap. */
const TABLES = ['check_metrics', 'check_dependencies', 'check_service_status', 'check_recent_deploys'];
const RECORD = /^\[(e-[0-9a-z]+)\] (.*)$/;
/** The date and time at the beginning of a line are drawn less strongly than the rest. */
const TIME = /^(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d(?::\d\d[.\d]*)?Z? /;
const SERIES = /: (-?[\d.]+(?: -?[\d.]+){5,})$/;

/** Returns the list. It calls `oncite(id)` when a record is cited or taken out, and `cited()` returns the ids that are cited. */
export function evidenceList({ oncite, cited }) {
  const search = h('input', { type: 'search', 'data-testid': 'search', 'aria-label': 'Search the evidence', placeholder: 'Search', oninput: () => sift() });
  const found = h('p.small.soft', { role: 'status' });
  const list = h('div.play-pieces', { 'data-testid': 'evidence' });
  const card = h('section.card.play-evidence', { 'aria-labelledby': 'evidence-title' },
    h('div.row.spread', h('h2', { id: 'evidence-title' }, 'Evidence'), search), found, list);
  let pieces = [];
  let citing = false;

  const sift = () => {
    const wanted = search.value.trim().toLowerCase();
    let [lines, hits] = [0, 0];
    for (const piece of pieces) {
      const title = piece.title.toLowerCase().includes(wanted);
      let here = 0;
      for (const row of piece.rows) {
        const hit = wanted !== '' && row.text.toLowerCase().includes(wanted);
        if (hit) here += 1;
        paint(row, wanted);
      }
      piece.element.hidden = wanted !== '' && here === 0 && !title;
      lines += here;
      if (here) hits += 1;
    }
    found.hidden = wanted === '';
    found.textContent = wanted === '' ? '' : `${lines} ${lines === 1 ? 'line' : 'lines'} in ${hits} of ${pieces.length}`;
  };

  const add = (step) => {
    const { target, text } = step.evidence;
    const title = `${actionName(step.action)} · ${target}`;
    // Records are sentences, so they wrap.
    const table = TABLES.includes(step.action) && !RECORD.test(text.split('\n')[0]);
    const rows = text.split('\n').map((line) => row(line, citing ? oncite : null));
    const body = h(`div.play-text.mono${table ? '.table' : ''}`, rows.map(({ element }) => element));
    // A box that scrolls must be reachable by the keyboard.
    if (table) for (const [name, value] of [['tabindex', '0'], ['role', 'group'], ['aria-label', title]]) body.setAttribute(name, value);
    const element = h('article.play-piece.fade', h('header.row', h('h3', actionName(step.action)), h('span.tag.mono', target),
      h('span.small.soft.play-old', { hidden: true }, 'read again later'), h('span.small.soft.num.play-when', `step ${step.number}`)), body);
    for (const older of pieces.filter((one) => one.title === title)) older.element.querySelector('.play-old').hidden = false;
    pieces.unshift({ element, rows, title });
    list.querySelector('.play-none')?.remove();
    list.prepend(element);
  };

  return {
    element: card,
    /** Empties the list for an episode. */
    reset(generated) {
      pieces = [];
      citing = generated;
      search.value = '';
      fill(list, h('p.soft.play-none', 'Nothing has been read yet. Every look shows its text here.'));
      sift();
    },
    /** Adds what a step brought. */
    add(step) {
      if (!step.evidence) return;
      add(step);
      sift();
      this.cite();
    },
    /** Scrolls to what a step brought if it is out of view. It goes to the top if the panel of a tour covers the rest of a phone. */
    reveal(step, guided) {
      const block = guided && matchMedia('(max-width: 48rem)').matches ? 'start' : 'nearest';
      if (step.evidence) list.querySelector('.play-piece > header')?.scrollIntoView({ block });
    },
    /** Marks the records that are cited. */
    cite() {
      const now = cited();
      for (const button of list.querySelectorAll('button.play-cite')) button.setAttribute('aria-pressed', String(now.includes(button.textContent)));
    },
  };
}

/** Returns one line of evidence, with its level marked, its id as a button if it can be cited, and its series drawn. */
function row(line, oncite) {
  const record = RECORD.exec(line);
  const time = TIME.exec(record ? record[2] : line)?.[0] ?? '';
  const text = (record ? record[2] : line).slice(time.length);
  const level = /\b(ERROR|FATAL|WARN)\b/.exec(text)?.[1];
  const words = h('span.play-words', text);
  const series = SERIES.exec(text);
  const element = h(`div.play-row${level ? (level === 'WARN' ? '.warn' : '.bad') : ''}`,
    record && (oncite
      ? h('button.play-cite', { type: 'button', 'aria-pressed': 'false', title: 'Cite this record in the answer', onclick: () => oncite(record[1]) }, record[1])
      : h('span.soft', `[${record[1]}] `)),
    series && spark(series[1].split(' ').map(Number)), time && h('span.soft', time), words);
  return { element, words, text: line, shown: text };
}

/** Marks the text that is searched for in a row. */
function paint({ words, shown }, wanted) {
  if (wanted === '') {
    if (words.firstElementChild) fill(words, shown);
    return;
  }
  const parts = [];
  const low = shown.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(wanted); at !== -1; at = low.indexOf(wanted, from)) {
    parts.push(shown.slice(from, at), h('mark', shown.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  fill(words, ...parts, shown.slice(from));
}

/** Draws a series as a small line. */
function spark(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // The height spans at least a fifth of the largest value, so that noise looks flat.
  const span = Math.max(high - low, Math.abs(high) * 0.2, 1e-9);
  const at = (value, index) => `${(index / (values.length - 1) * 76 + 2).toFixed(1)},${(14 - (value - low) / span * 12).toFixed(1)}`;
  return s('svg.play-spark', { viewBox: '0 0 80 16', width: 80, height: 16, 'aria-hidden': 'true' }, s('polyline', { points: values.map(at).join(' ') }));
}
