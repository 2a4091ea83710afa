// The card of the grade: its total, and its parts as bars, whatever their names are.

import { fill, fixed, h } from '../lib/dom.js';
import { partName, sentence } from './words.js';

/** Parts with such a word in their name are counts or amounts, and are not drawn as shares. */
const AMOUNT = /(count|total|matched|hit|queries|minutes|changes|open|bits|left|worse|confidence)/;
const AGAINST = /(penalty|harm)/;

/** Returns the card of the grade. `ask()` fetches the grade, and `state()` fetches the state. */
export function gradeCard({ ask, state }) {
  const body = h('div.stack', { 'data-testid': 'grade', role: 'group', 'aria-label': 'Grade' });
  const raw = h('div');
  const title = h('h2', { id: 'grade-title', tabindex: '-1' }, 'Grade');
  const button = (text, id, onclick) => h('button', { type: 'button', 'data-testid': id, onclick }, text);
  const exam = () => h('p.notice.warn', 'This is an exam: no score leaves the server.');
  const failed = (error) => (error.code === 'exam' ? exam() : h('p.notice.warn', sentence(error.message)));

  const grade = async () => {
    try {
      show(await ask());
    } catch (error) {
      fill(body, failed(error));
    }
  };
  const show = (found) => {
    fill(body,
      !found.done && h('p.small.soft', 'The episode goes on. This is what it would be worth as it stands.'),
      h('div.play-total', h('b.num', { 'data-testid': 'grade-total' }, fixed(found.total, 4).replace(/(\.\d\d\d*?)0+$/, '$1')), h('span.soft.small', 'of 1'),
        meter(found.total, false)),
      found.feedback && h('p.small', sentence(found.feedback)),
      parts(found.breakdown), found.strict && [h('h3', 'Strict'), h('div.play-total', h('b.num', fixed(found.strict.total, 4)), meter(found.strict.total, false)), parts(found.strict.breakdown)]);
  };

  const close = () => fill(raw);
  const card = h('section.card.play-grade', { 'aria-labelledby': 'grade-title' },
    h('div.row.spread', title, h('div.row', button('Grade', 'grade-button', grade), button('State', 'state-button', async () => {
      try {
        const text = JSON.stringify(await state(), null, 2);
        fill(raw, h('div.row.spread', h('h3', 'State'), h('button.quiet', { type: 'button', onclick: close }, 'Close')),
          h('pre.play-state', { 'data-testid': 'state', tabindex: '0', role: 'group', 'aria-label': 'State as JSON' }, text));
      } catch (error) {
        fill(raw, failed(error));
      }
    }))), body, raw);
  return {
    element: card,
    grade,
    /** Says why there is no grade if the server withholds it. */
    withhold() { fill(body, exam()); },
    /** Empties the card for an episode. */
    reset() {
      fill(body, h('p.small.soft', 'Comes with the last step. Ask earlier to see what it would be worth as it stands.'));
      close();
    },
    /** Scrolls to the grade, and moves the focus there for readers who listen. */
    reveal() {
      title.focus({ preventScroll: true });
      card.scrollIntoView({ block: 'nearest' });
    },
  };
}

/** Returns the parts of a grade: answers beside the right ones, shares as bars, and all others as they are. */
function parts(breakdown = {}) {
  const rows = [];
  for (const [key, value] of Object.entries(breakdown || {})) {
    if (key.startsWith('correct_') && `submitted_${key.slice(8)}` in breakdown) continue;
    if (key.startsWith('submitted_') && `correct_${key.slice(10)}` in breakdown) rows.push(answer(key.slice(10), value, breakdown[`correct_${key.slice(10)}`]));
    else rows.push(part(key, value));
  }
  return rows.length > 0 && h('dl.play-parts', rows);
}

function answer(key, submitted, correct) {
  const right = submitted !== null && submitted === correct;
  return h('div.play-part-row', h('dt', partName(key)), h('dd', h('span.mono', text(submitted)),
    correct === null || correct === undefined ? h('span.small.soft', ' the right one is shown at the end')
      : right ? h('span.tag.good', 'right') : [h('span.small.soft', ' right is '), h('b.mono', text(correct))]));
}

function part(key, value) {
  const name = h('dt', partName(key));
  if (typeof value === 'boolean') {
    const bad = /catastroph/.test(key) ? value : /^(incident|claims)/.test(key) ? null : !value;
    return h('div.play-part-row', name, h('dd', h(`span.tag${bad === null ? '' : bad ? '.bad' : '.good'}`, value ? 'yes' : 'no')));
  }
  if (typeof value === 'number' && !AMOUNT.test(key) && Math.abs(value) <= 1) {
    const against = value < 0 || AGAINST.test(key);
    return h('div.play-part-row.barred', name, h('dd', meter(Math.abs(value), against), h('span.num', `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(2)}`)));
  }
  return h('div.play-part-row', name, h('dd.num', typeof value === 'number' ? String(value) : text(value)));
}

const text = (value) => (value === null || value === undefined ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));

function meter(share, against) {
  const width = Math.max(0, Math.min(1, Number(share) || 0)) * 100;
  return h('span.play-bar', { 'aria-hidden': 'true' }, h(`i${against ? '.against' : ''}`, { style: { width: `${width}%` } }));
}
