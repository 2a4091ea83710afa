// Tests numbers and names as texts, in the views of scores and in the Play view.

import assert from 'node:assert/strict';
import test from 'node:test';
import { count, fixed } from '../../web/lib/dom.js';
import * as words from '../../web/lib/words.js';
import * as play from '../../web/play/words.js';

const table = (of, cases) => { for (const [input, expected] of cases) assert.deepEqual(of(...[input].flat()), expected, JSON.stringify(input)); };

test('numbers with fixed digits', () => {
  table(fixed, [[0, '0.000'], [0.8345, '0.835'], [[1.005, 1], '1.0'], [-0.04, '-0.040'], [null, '–'], [undefined, '–'], [NaN, '–'], [Infinity, '–'], ['0.5', '–']]);
});

test('counts with thin spaces', () => {
  table(count, [[0, '0'], [999, '999'], [1000, '1\u2009000'], [1234567, '1\u2009234\u2009567'], [null, '–'], [undefined, '–']]);
});

test('signed numbers', () => {
  table(words.signed, [[0.04, '+0.04'], [-0.05, '−0.05'], [0, '+0.00'], [[0.12345, 3], '+0.123'], [null, '–'], [undefined, '–']]);
});

test('intervals', () => {
  table((...bounds) => words.interval(bounds), [[[0.549, 0.671], '0.549–0.671'], [[-0.05, 0.1], '−0.050 to 0.100'], [[-0.3, -0.1], '−0.300 to −0.100'], [[0, 1], '0.000–1.000']]);
  assert.equal(words.interval(null), '–');
  assert.equal(words.interval(undefined), '–');
  assert.equal(words.interval([0.1, 0.25], 2), '0.10–0.25');
});

test('short counts', () => {
  table(words.brief, [[0, '0'], [9999, '9999'], [9999.4, '9999'], [10_000, '10k'], [12_549, '12.5k'], [123_456, '123k'], [999_499, '999k'], [999_500, '1M'], [1_234_567, '1.23M'], [null, '–']]);
});

test('amounts of money', () => {
  table(words.usd, [[0, '$0.0000'], [0.00314, '$0.0031'], [0.9999, '$0.9999'], [1, '$1.00'], [99.994, '$99.99'], [100, '$100'], [1234.5, '$1235'], [null, '–'], [undefined, '–']]);
});

test('times', () => {
  table(words.span, [[0, '0 ms'], [0.0124, '12 ms'], [0.9, '900 ms'], [1, '1 s'], [4.24, '4.2 s'], [59.9, '59.9 s'], [60, '1 min 0 s'], [312, '5 min 12 s'], [3599, '59 min 59 s'],
    [3600, '1 h 0 min'], [11220, '3 h 7 min'], [null, '–'], [NaN, '–']]);
});

test('lengths, moments and digests', () => {
  table((text) => words.size(text), [['', '0 characters'], ['x'.repeat(999), '999 characters'], ['x'.repeat(1000), '1 kB'], ['x'.repeat(12_345), '12.3 kB']]);
  table((at) => words.moment(at), [['2026-11-27T08:40:12.345Z', '2026-11-27 08:40 UTC'], [[null], '–'], ['', '–']]);
  table((digest) => words.short(digest), [['sha256:0123456789abcdef', '0123456789ab'], ['0123456789abcdef', '0123456789ab'], [[null], '–'], ['', '–']]);
});

test('names of the program as words', () => {
  table(words.words, [['root_cause_analysis', 'root cause analysis'], ['void', 'void'], [[null], 'null']]);
  table(words.heading, [['root_cause_analysis', 'Root cause analysis'], ['', '']]);
  table((row) => words.askedBy(row), [[{ protocol: null }, '–'], [{ protocol: 'json', assist: 'off' }, 'json'], [{ protocol: 'json' }, 'json'], [{ protocol: 'tools', assist: 'fallback' }, 'tools + fallback'], [{ protocol: 'text', think: 'on', assist: 'repair' }, 'text + think + repair'], [{ protocol: 'text', think: 'off' }, 'text']]);
  table((kind) => words.outcome(kind), [['completed', ['', 'completed']], ['step_limit', ['warn', 'step limit']], ['given_up', ['warn', 'given up']], ['void', ['bad', 'void']], ['other_end', ['accent', 'other end']], [[null], ['accent', 'running']]]);
});

test('marks that nobody sees are written out', () => {
  table((text) => words.visible(text), [['plain é 文', 'plain é 文'], ['a\u202eb', 'a⟨U+202E⟩b'], ['\u0000\u2066x\u2069', '⟨U+0000⟩⟨U+2066⟩x⟨U+2069⟩'], [42, '42']]);
});

test('addresses, of runs with any name', () => {
  const run = 'a/b?c#d e';
  assert.equal(words.runAt(run), '#/runs/a%2Fb%3Fc%23d%20e');
  assert.equal(words.episodeAt(run, 7), '#/runs/a%2Fb%3Fc%23d%20e/episodes/7');
  assert.equal(words.episodeAt('r', 7, 3), '#/runs/r/episodes/7/3');
  assert.equal(words.besideAt('r', 1, 's/t', 2), '#/beside/r/1/s%2Ft/2');
  assert.equal(words.compareAt('r/q', 's/t'), '#/compare/r%2Fq/s%2Ft');
});

// ---- the words of the Play view ----

test('rewards with a sign, and with four digits only where two would hide something', () => {
  table(play.signed, [[0, '0'], [0.04, '+0.04'], [-0.02, '−0.02'], [0.9667, '+0.9667'], [0.07, '+0.07'], [-1, '−1.00'], [null, '–'], [NaN, '–']]);
});

test('the parts of a reward', () => {
  const parts = (reason, group = 'remediation') => play.reasons({ reason, group });
  assert.deepEqual(parts('query_new_svc +0.04, past_half -0.02'), [['first look at this service', '+0.04'], ['more than half of the steps are gone', '−0.02']]);
  assert.deepEqual(parts('past_half −0.02'), [['more than half of the steps are gone', '−0.02']]);
  assert.deepEqual(parts('some_new_part +0.10'), [['some new part', '+0.10']]);
  assert.deepEqual(parts('constructor +0.10'), [['constructor', '+0.10']]);
  assert.deepEqual(parts('the world said no'), [['the world said no', null]]);
  assert.deepEqual(parts('no effect', 'diagnostic'), []);
  assert.deepEqual(parts('no effect'), [['neither earns nor costs', null]]);
  assert.deepEqual(parts(null), []);
});

test('names, known and new', () => {
  assert.equal(play.actionName('query_logs'), 'Logs');
  assert.equal(play.actionName('do_a_new_thing'), 'Do a new thing');
  assert.equal(play.actionName('toString'), 'ToString');
  assert.equal(play.actionHelp('toString'), '');
  assert.equal(play.taskName('root_cause_analysis'), 'Root cause analysis');
  assert.equal(play.partName('severity_match'), 'Severity');
  assert.equal(play.partName('a_new_part'), 'A new part');
});

test('what a server says, as a sentence', () => {
  table((text) => play.sentence(text), [['unknown service', 'Unknown service.'], ['Is it?', 'Is it?'], [' done. ', 'Done.'], ['', '.'], [[null], '.']]);
});

test('the class of a reward', () => {
  table((value) => play.tone(value), [[-0.1, '.minus'], [0, '.none'], [0.1, '']]);
});
