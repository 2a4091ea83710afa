// Tests parts of the Play view: the tours, what a step brought, an action as text for other programs, and the list of evidence.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { browser } from './fake-dom.js';
import { scenarios } from './scenarios.js';

browser();
const { asCurl, asJson, asPython } = await import('../../web/play/copy.js');
const { Episode, start } = await import('../../web/play/episode.js');
const { evidenceList } = await import('../../web/play/evidence.js');
const { keep, kept } = await import('../../web/play/keep.js');
const { TOURS } = await import('../../web/play/tours.js');

// ---- the tours ----

test('each tour plays its scenario with what the scenario has', () => {
  const known = new Map(scenarios().map((scenario) => [scenario.id, scenario]));
  for (const { title, about, request, steps } of TOURS) {
    const scenario = known.get(request.scenario_id);
    assert.ok(scenario, request.scenario_id);
    assert.equal(scenario.task, request.task_id, title);
    assert.ok(about && steps.length > 1, title);
    for (const [at, { action: { action_type: type, parameters }, say, saw }] of steps.entries()) {
      const where = `${title}, step ${at + 1}`;
      assert.ok(say.length > 10 && saw.length > 10, where);
      assert.equal(type.startsWith('submit_'), at === steps.length - 1, where);
      if (parameters.service) assert.ok(scenario.services.includes(parameters.service), `${where}: ${parameters.service}`);
      if (parameters.flag) assert.ok(scenario.flags.includes(parameters.flag), `${where}: ${parameters.flag}`);
      if (parameters.runbook_action) assert.ok(scenario.runbooks.includes(parameters.runbook_action), `${where}: ${parameters.runbook_action}`);
    }
  }
});

// ---- an episode ----

/** Stands in for a server that gives these answers, and returns the list of what it was asked. */
function server(...answers) {
  const asked = [];
  globalThis.fetch = async (path, { method = 'GET', headers = {}, body } = {}) => {
    asked.push([method, path, headers['x-episode-id'], body && JSON.parse(body)]);
    const [status, answer] = answers.shift();
    return { ok: status < 400, status, text: async () => (typeof answer === 'string' ? answer : JSON.stringify(answer)) };
  };
  return asked;
}

const GROUPS = { query_logs: 'diagnostic', execute_runbook_step: 'remediation' };
const seen = (step, queried_data = {}, more = {}) => ({ episode_id: 'e1', scenario_id: 's', step_count: step, max_steps: 10, queried_data, last_action_error: null, feedback: 'f', ...more });

test('an episode asks for its steps and keeps what they brought', async () => {
  const asked = server([200, { observation: seen(0), ...seen(0) }], [200, { observation: seen(1, { query_logs: { a: 'text' } }), reward: { score: 0.04, reason: 'r', cumulative: 0.04 }, done: false }],
    [200, { observation: seen(2, { query_logs: { a: 'text' } }, { last_action_error: 'unknown service' }), reward: null, done: true }]);
  const episode = await start({ task_id: 't' }, GROUPS);
  const step = await episode.step({ action_type: 'query_logs', parameters: { service: 'a' } });
  assert.deepEqual([step.number, step.group, step.reward, step.evidence], [1, 'diagnostic', 0.04, { target: 'a', text: 'text' }]);
  const refused = await episode.step({ action_type: 'no_such_thing', parameters: { service: 'z' } });
  assert.deepEqual([refused.group, refused.reward, refused.evidence, refused.error], ['other', null, null, 'unknown service']);
  assert.deepEqual([episode.done, episode.left, episode.steps.length, episode.generated], [true, 8, 2, false]);
  assert.deepEqual(asked.map(([method, path, id]) => [method, path, id]), [['POST', './reset', undefined], ['POST', './step', 'e1'], ['POST', './step', 'e1']]);
});

test('the text that a step brought is found under its target', async () => {
  for (const [parameters, type, before, after, expected] of [
    [{ service: 'a' }, 'query_logs', {}, { a: 'new' }, { target: 'a', text: 'new' }],
    [{ service: 'a' }, 'query_logs', { a: 'old', b: 'same' }, { a: 'new', b: 'same' }, { target: 'a', text: 'new' }],
    // The text is the same as before, so it is found by the name that was asked for, as the server spells it.
    [{ service: 'Postgres DB' }, 'query_logs', { 'postgres-db': 'same', a: 'x' }, { 'postgres-db': 'same', a: 'x' }, { target: 'postgres-db', text: 'same' }],
    [{ runbook_action: 'restart', target: 'job-1' }, 'execute_runbook_step', { 'restart job-1': 's' }, { 'restart job-1': 's' }, { target: 'restart job-1', text: 's' }],
    // An alias that only the server knows: by the text that changed.
    [{ service: 'pg' }, 'query_logs', { a: 'x', 'postgres-db': 'old' }, { a: 'x', 'postgres-db': 'new' }, { target: 'postgres-db', text: 'new' }],
    [{ service: 'b' }, 'query_logs', { a: 'x' }, { a: 'x' }, null],
    [{}, 'query_logs', {}, {}, null],
    // A look with parameters is kept under the service and the parameters, and one without a service under the system.
    [{ service: 'a', window: 30, metric: 'Failed_Requests' }, 'check_metrics', { a: 'x', 'a metric=failed requests window=30': 's' }, { a: 'x', 'a metric=failed requests window=30': 's' }, { target: 'a metric=failed requests window=30', text: 's' }],
    [{ service: 'a', level: 'error', match: 'no' }, 'query_logs', { a: 'x' }, { a: 'x', 'a match=no level=error': 's' }, { target: 'a match=no level=error', text: 's' }],
    [{}, 'check_recent_deploys', { a: 'x', system: 's' }, { a: 'x', system: 's' }, { target: 'system', text: 's' }],
  ]) {
    server([200, { observation: seen(1, { [type]: after }), reward: null, done: false }]);
    const episode = new Episode(seen(0, { [type]: before }), GROUPS);
    assert.deepEqual((await episode.step({ action_type: type, parameters })).evidence, expected, JSON.stringify([parameters, before, after]));
  }
});

test('what a server refuses is an error with its words', async () => {
  for (const [answer, message, code] of [
    [[404, { detail: 'no such episode', code: 'unknown_episode' }], 'no such episode', 'unknown_episode'],
    [[500, '<html>broken</html>'], 'the server answered 500', undefined],
    [[422, { detail: [{ msg: 'x' }] }], 'the server answered 422', undefined],
  ]) {
    server(answer);
    await assert.rejects(new Episode(seen(0), GROUPS).step({ action_type: 'query_logs', parameters: {} }), { message, code, status: answer[0] });
  }
  globalThis.fetch = async () => { throw new TypeError('failed to fetch'); };
  await assert.rejects(new Episode(seen(0), GROUPS).fetchState(), { message: 'the server cannot be reached', status: 0 });
});

test('an episode is found again only if the server has it as it was', async () => {
  const held = new Map();
  globalThis.sessionStorage = { getItem: (key) => held.get(key) ?? null, setItem: (key, value) => held.set(key, value) };
  assert.equal(await kept(GROUPS), null);
  keep({ observation: seen(2), steps: [{ number: 1 }, { number: 2 }] });
  for (const [state, is] of [[[200, seen(2)], true], [[200, seen(3)], false], [[200, { ...seen(2), scenario_id: 'other' }], false], [[404, { detail: 'gone' }], false]]) {
    server(state);
    assert.equal((await kept(GROUPS))?.steps.length, is ? 2 : undefined, JSON.stringify(state));
  }
  globalThis.sessionStorage.setItem = () => { throw new Error('full'); };
  keep({ observation: seen(2), steps: [] });
});

// ---- an action for other programs ----

const EVIL = { action_type: 'submit_resolution', parameters: { summary: `it's "fixed" \\ $(touch x) \`y\` %s\n2nd line é 🚒 \u2028`, ok: true, none: null } };

test('the command for a shell sends what was meant', () => {
  const shown = asCurl(EVIL, "e'1", 'http://localhost:1').replace(/^curl/, 'show');
  const said = execFileSync('sh', ['-c', `show() { for one in "$@"; do printf '%s\\0' "$one"; done; }\n${shown}`], { encoding: 'utf8' }).split('\0').slice(0, -1);
  assert.deepEqual(said.slice(0, -1), ['-s', 'http://localhost:1/step', '-H', 'content-type: application/json', '-H', "x-episode-id: e'1", '-d']);
  assert.deepEqual(JSON.parse(said.at(-1)), EVIL);
  assert.deepEqual(JSON.parse(asJson(EVIL)), EVIL);
});

test('the program in Python sends what was meant', (t) => {
  const program = asPython(EVIL, 'e"1', 'http://localhost:1').split('with urllib')[0];
  let said;
  try {
    said = execFileSync('python3', ['-c', `${program}\nprint(json.dumps([request.full_url, request.data.decode(), request.headers]))`], { encoding: 'utf8' });
  } catch (error) {
    if (error.code === 'ENOENT') return t.skip('there is no python3');
    throw error;
  }
  const [url, data, headers] = JSON.parse(said);
  assert.deepEqual([url, JSON.parse(data), headers['X-episode-id']], ['http://localhost:1/step', EVIL, 'e"1']);
});

// ---- the list of evidence ----

test('evidence is listed newest first, cited and searched', () => {
  const cited = ['e-1a'];
  const pressed = [];
  const list = evidenceList({ oncite: (id) => pressed.push(id), cited: () => cited });
  list.reset(true);
  const add = (number, action, target, text) => list.add({ number, action, evidence: { target, text } });
  add(1, 'query_logs', 'a', '[e-1a] 07:31:28.926 ERROR b answered 503\n[e-1b] 07:31:29.000 INFO <b>fine</b>');
  add(2, 'check_metrics', 'a', 'cpu   90 %   baseline 20 %');
  add(3, 'query_logs', 'a', '[e-1c] requests, every 10 min to 09:21: 1 2 3 4 5 6');
  list.add({ number: 4, action: 'restart_service', evidence: null });
  const pieces = list.element.querySelectorAll('article');
  assert.deepEqual(pieces.map((piece) => piece.querySelector('.play-when').textContent), ['step 3', 'step 2', 'step 1']);
  // A text that was read again later is marked as old.
  assert.deepEqual(pieces.map((piece) => piece.querySelector('.play-old').hidden), [true, true, false]);
  const buttons = list.element.querySelectorAll('button.play-cite');
  assert.deepEqual(buttons.map((button) => `${button.textContent} ${button.getAttribute('aria-pressed')}`), ['e-1c false', 'e-1a true', 'e-1b false']);
  buttons[1].send('click');
  assert.deepEqual(pressed, ['e-1a']);
  assert.equal(list.element.querySelectorAll('b').length, 0);
  assert.equal(pieces[0].querySelectorAll('polyline').length, 1);
  const search = list.element.querySelector('input');
  const found = (wanted) => {
    search.value = wanted;
    search.send('input');
    return [pieces.filter((piece) => !piece.hidden).length, list.element.querySelectorAll('mark').map((mark) => mark.textContent), list.element.querySelector('p').textContent];
  };
  assert.deepEqual(found('B>'), [1, ['b>', 'b>'], '1 line in 1 of 3']);
  assert.deepEqual(found('nowhere'), [0, [], '0 lines in 0 of 3']);
  assert.deepEqual(found('metrics'), [1, [], '0 lines in 0 of 3']);
  const before = pieces.map((piece) => piece.textContent);
  found('a');
  assert.deepEqual(found(''), [3, [], '']);
  assert.deepEqual(pieces.map((piece) => piece.textContent), before);
});
