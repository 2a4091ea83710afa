// The field's words and numbers as texts: tasks, outcomes, scores, counts, times.

import { fixed, h } from './dom.js';

/** The tasks, in the order of their difficulty. */
export const TASKS = [['alert_classification', 'easy'], ['root_cause_analysis', 'medium'], ['remediation_planning', 'hard']];

/** From this score on an episode passes. */
export const PASSES = 0.8;

/** A name of the program as words: `root_cause_analysis` is `root cause analysis`. */
export const words = (name) => String(name).replaceAll('_', ' ');

/** The same with a capital, for a heading. */
export const heading = (name) => words(name).replace(/^./, (letter) => letter.toUpperCase());

/** A signed number with a real minus: +0.04, −0.05. */
export function signed(value, digits = 2) {
  const text = fixed(value, digits);
  if (text === '–') return text;
  return text.startsWith('-') ? text.replace('-', '−') : `+${text}`;
}

/** An interval: 0.549–0.671; words where a number has a sign. */
export function interval(bounds, digits = 3) {
  if (!bounds) return '–';
  const [low, high] = bounds.map((bound) => fixed(bound, digits).replace('-', '−'));
  return bounds[0] < 0 ? `${low} to ${high}` : `${low}–${high}`;
}

/** 12.5k, 1.2M: a count that must be short. */
export function brief(value) {
  if (typeof value !== 'number') return '–';
  if (value < 10_000) return String(Math.round(value));
  const [by, unit] = value < 999_500 ? [1e3, 'k'] : [1e6, 'M'];
  return `${Number((value / by).toPrecision(3))}${unit}`;
}

/** An amount of USD, with as many digits as a small one needs. */
export function usd(value) {
  if (typeof value !== 'number') return '–';
  return `$${value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4)}`;
}

/** A time in seconds as 12 ms, 4.2 s, 5 min 12 s, 3 h 7 min. */
export function span(seconds) {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** 30 B, 12 kB: how long a text is. */
export function size(text) {
  const length = text.length;
  return length < 1000 ? `${length} characters` : `${Number((length / 1000).toPrecision(3))} kB`;
}

/** A moment as 2026-11-27 08:40 UTC. */
export const moment = (at) => (at ? `${at.slice(0, 10)} ${at.slice(11, 16)} UTC` : '–');

/** The digits of a digest that people compare. */
export const short = (digest) => String(digest ?? '').replace(/^sha256:/, '').slice(0, 12) || '–';

/** How a model was asked, and what helped it: `json + fallback`. */
export function askedBy({ protocol, assist }) {
  if (!protocol) return '–';
  return assist && assist !== 'off' ? `${protocol} + ${assist}` : protocol;
}

/** The class of a tag that says how an episode ended, and its words. */
export function outcome(kind) {
  const tone = { completed: '', step_limit: 'warn', void: 'bad', crashed: 'bad', cancelled: 'warn' }[kind] ?? 'accent';
  return [tone, kind ? words(kind) : 'running'];
}

/** How an episode ended, as a tag. */
export function outcomeTag(kind) {
  const [tone, text] = outcome(kind);
  return h(`span.tag${tone ? `.${tone}` : ''}`, text);
}

/** Who chose a step, as a tag with the source's colour. */
export function sourceTag(source) {
  return h('span.source', h(`i.swatch.of-${source}`, { 'aria-hidden': 'true' }), source === 'builtin' ? 'built-in agent' : source);
}

/** Whether a run goes on, as a tag. */
export function statusTag(status) {
  const tone = { running: 'accent', finished: '', stopped: 'warn' }[status] ?? '';
  return h(`span.tag${tone ? `.${tone}` : ''}`, status === 'running' ? [h('i.pulse', { 'aria-hidden': 'true' }), 'running'] : status);
}

/** A text from elsewhere in which marks that would turn its direction, or that nobody sees, are written out. */
export const visible = (text) => String(text).replace(/[\u0000\u202a-\u202e\u2066-\u2069]/g, (mark) => `⟨U+${mark.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}⟩`);

/** A name from elsewhere, also one that is written from right to left. */
export const name = (text) => h('bdi', text);

/** The address of a run's view. */
export const runAt = (run) => `#/runs/${encodeURIComponent(run)}`;

/** The address of an episode, and of a step of it. */
export const episodeAt = (run, n, step) => `${runAt(run)}/episodes/${n}${step ? `/${step}` : ''}`;

/** The address of two episodes side by side. */
export const besideAt = (run, n, other, m) => `#/beside/${encodeURIComponent(run)}/${n}/${encodeURIComponent(other)}/${m}`;

/** The address of a comparison of two runs. */
export const compareAt = (base, next) => `#/compare/${encodeURIComponent(base)}/${encodeURIComponent(next)}`;
