// Tests the views of an episode: its grade in parts, its way beside the oracle's, and two episodes side by side.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser } from './fake-dom.js';

browser();
const { beside, partsOf } = await import('../../web/episode/grade.js');
const { firstDifference } = await import('../../web/episode/side-by-side.js');
const { action, rewardParts, totals } = await import('../../web/episode/step.js');

test('the parts of a grade, and which of them were missed', () => {
  const said = (breakdown) => partsOf(breakdown).map((part) => `${part.label}: ${part.said}${part.missed ? ' (missed)' : ''}`);
  for (const [breakdown, expected] of [
    [null, []],
    [{}, []],
    [{ submitted_severity: 'P2', correct_severity: 'P1' }, ['severity: P2; right is P1 (missed)']],
    [{ submitted_severity: 'P1', correct_severity: 'P1' }, ['severity: P1; right is P1']],
    [{ correct_severity: 'P1', submitted_severity: null }, ['severity: none given; right is P1 (missed)']],
    [{ correct_service: 'a' }, ['service: right is a']],
    [{ submitted_service: 'a' }, ['submitted service: a']],
    [{ correct_actions_matched: 2, correct_actions_total: 3 }, ['correct actions: 2 of 3 (missed)']],
    [{ correct_actions_total: 3, correct_actions_matched: 3 }, ['correct actions: 3 of 3']],
    [{ severity_match: 0.5 }, ['severity match: 0.5 (missed)']],
    [{ severity_match: 1 }, ['severity match: 1']],
    [{ clean: false, verified: true, durable: null }, ['clean: no (missed)', 'verified: yes', 'durable: –']],
    [{ harm: 0, wrong_action_penalty: -0.15, left_open: null }, ['harm: 0', 'wrong action penalty: −0.15 (missed)', 'left open: –']],
    // An unknown part is shown without a judgement.
    [{ a_new_part: 0, list: ['a', 'b'], none: [] }, ['a new part: 0', 'list: a, b', 'none: –']],
    [{ third: 1 / 3 }, ['third: 0.3333']],
  ]) assert.deepEqual(said(breakdown), expected, JSON.stringify(breakdown));
});

const act = (action_type, parameters = {}) => ({ action_type, parameters });
const steps = (...all) => all.map((one, at) => ({ step: { step: at + 1, ...one } }));

test('what of the oracle’s path was done', () => {
  const path = [act('query_logs', { service: 'a' }), act('restart_service', { service: 'b' }), act('submit_root_cause', { service: 'b', failure_mode: 'oom' })];
  const found = (...all) => beside(path, steps(...all)).map(({ step, other }) => (step ? `${step}${other ? ' other' : ''}` : '–')).join(', ');
  assert.equal(found(), '–, –, –');
  assert.equal(found(...path), '1, 2, 3');
  assert.equal(found(path[2], path[1], path[0]), '3, 2, 1');
  // A failure mode is said in free words, which are not compared.
  assert.equal(found(act('submit_root_cause', { service: 'b', failure_mode: 'ran out of memory' })), '–, –, 1');
  assert.equal(found(act('submit_root_cause', { service: 'a' })), '–, –, 1 other');
  // One step does one action of the path, and a refused step does none.
  assert.equal(beside([path[0], path[0]], steps(path[0])).filter(({ step }) => step).length, 1);
  assert.equal(found({ ...path[0], error: 'refused' }, path[0]), '2, –, –');
  assert.equal(found(act('query_logs', { service: 'z' })), '–, –, –');
});

test('where two episodes part', () => {
  const [a, b, c] = [act('query_logs', { service: 'a', n: 1 }), act('query_logs', { n: 1, service: 'a' }), act('query_logs', { service: 'c', n: 1 })];
  for (const [left, right, expected] of [
    [[], [], null],
    [[a], [a], null],
    [[a], [b], null],
    [[a, c], [a, b], 1],
    [[a], [a, c], 1],
    [[a, c], [a], 1],
    [[], [a], 0],
    [[act('query_logs')], [{ action_type: 'query_logs' }], null],
    [[act('query_logs', { service: 'a' })], [act('check_metrics', { service: 'a' })], 0],
  ]) assert.equal(firstDifference(steps(...left), steps(...right)), expected, JSON.stringify([left, right]));
});

test('the parts of a reward', () => {
  for (const [reason, expected] of [
    ['query_new_svc +0.04, past_half -0.02', [['query new svc', 0.04], ['past half', -0.02]]],
    ['no effect', []],
    [null, []],
  ]) assert.deepEqual(rewardParts(reason), expected, reason);
});

test('an action as text', () => {
  assert.equal(action(act('submit_root_cause', { service: 'a', path: ['a', 'b'], confidence: 0.5, more: { x: 1 } })).textContent,
    'submit_root_causeservice apath a, bconfidence 0.5more {"x":1}');
  assert.equal(action({ action_type: 'query_logs' }).textContent, 'query_logs');
});

test('the totals of an episode', () => {
  const call = (usage, latency_ms) => ({ reply: { usage, latency_ms } });
  assert.equal(totals([]), '0 steps');
  assert.equal(totals([{ step: {} }]), '1 steps');
  assert.equal(totals([{ calls: [call({ prompt_tokens: 900, completion_tokens: 100 }, 400), call(null, 800)] }, {}]), '2 steps · 2 calls · 1\u2009000 tokens · 1.2 s');
});
