// The list of evidence: what each step brought, newest first, searchable, with records that can be cited.

import { fill, h } from '../lib/dom.js';
import { cells, cut, entries, folded } from './entries.js';
import { loudness, stateLoudness } from './levels.js';
import { series, splits } from './series.js';
import { spark, splitChart } from './spark.js';
import { actionName } from './words.js';

/** The texts of these actions are tables. Their columns must stay aligned, so they scroll and do not wrap. */
const TABLES = ['check_metrics', 'check_dependencies', 'check_service_status', 'check_recent_deploys'];
/** The date and time at the beginning of a line are drawn less strongly than the rest. */
const TIME = /^(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d(?::\d\d[.,\d]*)?(?:Z|\+00:00)?[ \t]+/;
/** Programs that write JSON count seconds or milliseconds since 1970: `"ts":1786326564.644234`, `"time":1788812555726`. */
const EPOCH = /^\{"level":"?\w+"?,"(?:ts|time)":(\d{10})/;

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
        const hits = wanted === '' ? 0 : row.lines.filter((line) => line.toLowerCase().includes(wanted)).length;
        here += hits;
        for (const part of row.parts) paint(part, wanted);
        // What is found must be in view.
        row.sought(hits > 0);
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
    const all = entries(text);
    // Records are sentences, so they wrap, but for those that are rows of a table.
    const records = all.some(({ id }) => id !== null);
    const table = TABLES.includes(step.action) && !records;
    const rows = all.map((entry) => row(entry, step.action, citing ? oncite : null));
    const columns = rows.some(({ tabular }) => tabular);
    const body = h(`div.play-text.mono${table ? '.table' : columns ? '.columns' : ''}`, rows.map(({ element }) => element));
    const together = splits(rows.map(({ drawn }) => drawn).filter(Boolean)).map(splitChart).filter(Boolean);
    // A box that scrolls must be reachable by the keyboard.
    if (table || columns) for (const [name, value] of [['tabindex', '0'], ['role', 'group'], ['aria-label', title]]) body.setAttribute(name, value);
    const element = h('article.play-piece.fade', h('header.row', h('h3', actionName(step.action)), h('span.tag.mono', target),
      h('span.small.soft.play-old', { hidden: true }, 'read again later'), h('span.small.soft.num.play-when', `step ${step.number}`)),
      together.length > 0 && h('div.play-splits', together), body);
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

/**
 * Returns an entry of evidence, with its level marked, its id as a button if it can be cited, and its series drawn. Its `parts` are the
 * texts that a search marks, and `sought(is)` unfolds it while something in it is searched for.
 */
function row({ id, lines }, action, oncite) {
  const [first, ...more] = lines;
  const time = TIME.exec(first)?.[0] ?? '';
  const drawn = id ? series(first) : null;
  const columns = id && TABLES.includes(action) && more.length === 0 ? cells(first) : null;
  const loud = action === 'query_logs' ? loudness(lines) : id ? stateLoudness(first) : loudness([first]);
  const parts = [];
  const words = (selector, text) => {
    const element = h(selector, text);
    parts.push({ words: element, shown: text });
    return element;
  };
  const mark = id && (oncite
    ? h('button.play-cite', { type: 'button', 'aria-pressed': 'false', title: 'Cite this record in the answer', onclick: () => oncite(id) }, id)
    : h('span.soft', `[${id}] `));
  const epoch = EPOCH.exec(first);
  const [start, end] = columns ? ['', ''] : cut(first.slice(time.length));
  const head = columns ? columns.map((cell) => words('span.play-cell', cell)) : words('span.play-words', start);
  const [shown, rest] = folded(lines);
  const below = (some) => h('div.play-below', some.map((line) => words('div.play-words', line)));
  const tail = end && words('span.play-words', end);
  const seen = shown.length > 1 && below(shown.slice(1));
  const hidden = rest.length > 0 && below(rest);
  const fold = (end || hidden) && h('button.play-more', { type: 'button', 'aria-expanded': 'false', onclick: () => unfold(fold.getAttribute('aria-expanded') === 'false') });
  const unfold = (open) => {
    for (const part of [tail, hidden]) if (part) part.hidden = !open;
    fold.setAttribute('aria-expanded', String(open));
    fold.textContent = open ? 'Fold' : hidden ? `${rest.length} more lines` : 'The whole line';
  };
  if (fold) unfold(false);
  let opened = false;
  const element = h(`div.play-row${loud ? `.${loud}` : ''}`, columns ? h('span.play-cell', mark) : mark, drawn && spark(drawn),
    // The clock of a program that counts seconds is shown for the reader, and is no part of the text.
    epoch && h('span.soft.play-clock', `${new Date(Number(epoch[1]) * 1000).toISOString().slice(11, 19)} `), time && !columns && h('span.soft', time), head,
    tail, seen, hidden, fold);
  return {
    element, parts, drawn,
    tabular: Boolean(columns),
    lines: id ? [`[${id}] ${first}`, ...more] : lines,
    sought(is) {
      if (!fold || is === opened) return;
      // What the reader has unfolded is left alone.
      if (is && fold.getAttribute('aria-expanded') === 'true') return;
      unfold(is);
      opened = is;
    },
  };
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
