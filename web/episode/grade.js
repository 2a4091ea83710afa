// The grade of an episode in its parts, what the episode missed, and its way beside the oracle's.

import { fixed, h } from '../lib/dom.js';
import { action } from './step.js';
import { PASSES, words } from '../lib/words.js';

// These say which value of a part is good. A part that is in neither list is shown without a judgement.
const FULL = new Set(['severity_match', 'mechanism_match', 'citations', 'clues_seen', 'recovery', 'ruled_out', 'service_match', 'mode_match',
  'trigger_match', 'path_valid', 'impact_seen', 'clean', 'durable', 'verified', 'diagnosed']);
const NONE = new Set(['harm', 'catastrophic', 'wrong_action_penalty', 'wrong_actions_count', 'worse_off', 'left_open']);

/** Returns the parts of a breakdown as `{ label, said, missed }`. A submitted answer and the right one are one part. */
export function partsOf(breakdown) {
  const parts = [];
  for (const [key, value] of Object.entries(breakdown ?? {})) {
    const [, side, what] = /^(submitted|correct)_(severity|service|mechanism|trigger|path|mode)$/.exec(key) ?? [];
    if (side === 'submitted' && `correct_${what}` in breakdown) continue;
    if (side === 'correct') {
      const given = breakdown[`submitted_${what}`];
      const known = `submitted_${what}` in breakdown;
      parts.push({ label: words(what), said: known ? `${given === null ? 'none given' : plain(given)}; right is ${plain(value)}` : `right is ${plain(value)}`, missed: known && given !== value });
    } else if (key === 'correct_actions_total' && 'correct_actions_matched' in breakdown) continue;
    else if (key === 'correct_actions_matched' && 'correct_actions_total' in breakdown) {
      parts.push({ label: 'correct actions', said: `${value} of ${breakdown.correct_actions_total}`, missed: value < breakdown.correct_actions_total });
    } else {
      const missed = FULL.has(key) ? value === false || value === null || (typeof value === 'number' && value < 1) : NONE.has(key) && value !== null && Number(value) !== 0;
      // A part that the task does not ask for is null, which does not count as missed.
      parts.push({ label: words(key), said: plain(value), missed: missed && value !== null });
    }
  }
  return parts;
}

function plain(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(4))).replace('-', '−');
  return Array.isArray(value) ? value.join(', ') || '–' : String(value);
}

/** Returns the card of the grade, and of the strict grade if there is another. */
export function gradePanel({ grade, strict, score, outcome, message }) {
  const tone = (total) => (total >= PASSES ? 'good' : total > 0 ? 'warn' : 'bad');
  const one = (title, { total, breakdown, feedback }, testid) => h('div.stack',
    h('div.row.spread', h('h3', title), h(`strong.total.num.${tone(total)}`, { 'data-testid': testid }, fixed(total))),
    feedback && h('p.small', feedback),
    h('table.parts', h('tbody', partsOf(breakdown).map(({ label, said, missed }) =>
      h('tr', h('th', { scope: 'row' }, label), h('td.num', missed ? h('span.missed', said, h('span.unseen', ' (missed)')) : said))))));
  return h('section.card', { 'aria-label': 'Grade' }, h('h2', 'Grade'),
    grade ? h('div.grades', one('Score', grade, 'grade-total'), strict && one('Strict', strict, 'strict-total')) : h('div.stack', h('strong.total', { 'data-testid': 'grade-total' }, fixed(score)),
      h('p', outcome ? `No grade: the episode ended as ${words(outcome.kind)}.` : 'No grade yet: the episode is running.')),
    message && h('p.notice.warn.small', message));
}

// ---- the oracle's path ----

const ASKED = ['service', 'target', 'flag', 'runbook_action', 'severity', 'failure_mode', 'mechanism', 'trigger'];

/**
 * Compares an episode with the oracle's path. For each action of the path the result is `{ action, step, other }`, where `step` is the
 * number of the step that did it, if any did, and `other` is true if that step gave another answer.
 */
export function beside(oracle, steps) {
  const free = steps.map(({ step }) => step).filter((step) => !step.error);
  const take = (fits) => {
    const at = free.findIndex(fits);
    return at < 0 ? null : free.splice(at, 1)[0];
  };
  const same = (wanted, step) => ASKED.every((key) => wanted.parameters?.[key] === undefined || key === 'failure_mode' || wanted.parameters[key] === step.parameters?.[key]);
  return oracle.map((wanted) => {
    const done = take((step) => step.action_type === wanted.action_type && same(wanted, step));
    if (done) return { action: wanted, step: done.step };
    // A submission is done even if its answer is wrong.
    const other = wanted.action_type.startsWith('submit_') && take((step) => step.action_type === wanted.action_type);
    return other ? { action: wanted, step: other.step, other } : { action: wanted };
  });
}

/** Returns the card of the oracle's path, with what was done of it and what was missed. `at` returns the address of a step. */
export function oraclePanel(oracle, steps, at) {
  if (!oracle) return null;
  const path = beside(oracle, steps);
  const done = path.filter(({ step, other }) => step && !other).length;
  const more = steps.length - path.filter(({ step }) => step).length;
  return h('section.card', { 'aria-label': 'The oracle’s path', 'data-testid': 'oracle' },
    h('h2', 'The oracle’s path'),
    h('p.small.soft', `The shortest right way: ${oracle.length} steps. The episode did ${done} of them, and ${more} ${more === 1 ? 'step' : 'steps'} beside it.`),
    h('ol.oracle', path.map(({ action: wanted, step, other }) => h(`li${step ? (other ? '.other' : '.done') : '.gone'}`,
      action(wanted), ' ',
      step
        ? h('a.small', { href: at(step) }, other ? `another answer at step ${step}` : `done at step ${step}`)
        : h('span.small.missed', 'missed')))));
}
