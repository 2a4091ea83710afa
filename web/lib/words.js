// Turns the words and numbers of the API into texts: tasks, outcomes, scores, counts and times.

import { fixed, h } from './dom.js';

/** The tasks in the order of their difficulty. */
export const TASKS = [['alert_classification', 'easy'], ['root_cause_analysis', 'medium'], ['remediation_planning', 'hard']];

/** An episode passes if its score is at least this. */
export const PASSES = 0.8;

/** Returns a name of the program as words: `root_cause_analysis` becomes `root cause analysis`. */
export const words = (name) => String(name).replaceAll('_', ' ');

/** Returns the same with a capital, for a heading. */
export const heading = (name) => words(name).replace(/^./, (letter) => letter.toUpperCase());

/** Returns a number with its sign, and with a real minus: +0.04, −0.05. */
export function signed(value, digits = 2) {
  const text = fixed(value, digits);
  if (text === '–') return text;
  return text.startsWith('-') ? text.replace('-', '−') : `+${text}`;
}

/** Returns an interval as 0.549–0.671, or with the word "to" if a bound is negative. */
export function interval(bounds, digits = 3) {
  if (!bounds) return '–';
  const [low, high] = bounds.map((bound) => fixed(bound, digits).replace('-', '−'));
  return bounds[0] < 0 ? `${low} to ${high}` : `${low}–${high}`;
}

/** Returns what is known around a score: its interval, or the range of the scores where scenarios are too few for one. */
export function around(ci, range, digits = 3) {
  if (ci || !range) return interval(ci, digits);
  return `range ${interval(range, digits)}`;
}

/** Returns a count in few characters: 12.5k, 1.2M. */
export function brief(value) {
  if (typeof value !== 'number') return '–';
  if (value < 10_000) return String(Math.round(value));
  const [by, unit] = value < 999_500 ? [1e3, 'k'] : [1e6, 'M'];
  return `${Number((value / by).toPrecision(3))}${unit}`;
}

/** Returns an amount of USD with as many decimals as a small amount needs. */
export function usd(value) {
  if (typeof value !== 'number') return '–';
  return `$${value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4)}`;
}

/** Returns a time in seconds as 12 ms, 4.2 s, 5 min 12 s or 3 h 7 min. */
export function span(seconds) {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Returns how long a text is: 30 characters, 12 kB. */
export function size(text) {
  const length = text.length;
  return length < 1000 ? `${length} characters` : `${Number((length / 1000).toPrecision(3))} kB`;
}

/** Returns a moment as 2026-11-27 08:40 UTC. */
export const moment = (at) => (at ? `${at.slice(0, 10)} ${at.slice(11, 16)} UTC` : '–');

/** Returns the digits of a digest that people compare. */
export const short = (digest) => String(digest ?? '').replace(/^sha256:/, '').slice(0, 12) || '–';

/** Returns how a model was asked, whether it may think before it acts, and what helped it: `json + think + fallback`. */
export function askedBy({ protocol, think, assist }) {
  if (!protocol) return '–';
  return [protocol, think === 'on' && 'think', assist !== 'off' && assist].filter(Boolean).join(' + ');
}

/** Returns the class of a tag that says how an episode ended, and the words of the tag. */
export function outcome(kind) {
  const tone = { completed: '', step_limit: 'warn', given_up: 'warn', void: 'bad', crashed: 'bad', cancelled: 'warn' }[kind] ?? 'accent';
  return [tone, kind ? words(kind) : 'running'];
}

/** Returns a tag that says how an episode ended. */
export function outcomeTag(kind) {
  const [tone, text] = outcome(kind);
  return h(`span.tag${tone ? `.${tone}` : ''}`, text);
}

/** Returns a tag that says who chose a step, with the colour of the source. */
export function sourceTag(source) {
  return h('span.source', h(`i.swatch.of-${source}`, { 'aria-hidden': 'true' }), source === 'builtin' ? 'built-in agent' : source);
}

/** Returns a tag that says whether a run is in progress. */
export function statusTag(status) {
  const tone = { running: 'accent', finished: '', stopped: 'warn' }[status] ?? '';
  return h(`span.tag${tone ? `.${tone}` : ''}`, status === 'running' ? [h('i.pulse', { 'aria-hidden': 'true' }), 'running'] : status);
}

/** Returns a text in which characters that are invisible or turn the direction of writing are spelled out. */
export const visible = (text) => String(text).replace(/[\u0000\u202a-\u202e\u2066-\u2069]/g, (mark) => `⟨U+${mark.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}⟩`);

/** Returns an element with a name from elsewhere, which may be written from right to left. */
export const name = (text) => h('bdi', text);

/** Returns the address of the view of a run. */
export const runAt = (run) => `#/runs/${encodeURIComponent(run)}`;

/** Returns the address of an episode, or of one of its steps. */
export const episodeAt = (run, n, step) => `${runAt(run)}/episodes/${n}${step ? `/${step}` : ''}`;

/** Returns the address of two episodes side by side. */
export const besideAt = (run, n, other, m) => `#/beside/${encodeURIComponent(run)}/${n}/${encodeURIComponent(other)}/${m}`;

/** Returns the address of the comparison of two runs. */
export const compareAt = (base, next) => `#/compare/${encodeURIComponent(base)}/${encodeURIComponent(next)}`;
