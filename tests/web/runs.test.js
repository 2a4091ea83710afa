// Tests the list of a run's episodes: what it finds, in which order, and what comes before and after an episode.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser } from './fake-dom.js';

const page = browser({ css: { '--row': '40' } });
const { episodesList, neighbours } = await import('../../web/runs/episodes.js');

const episode = (n, contestant, scenario, outcome, score, more = {}) =>
  ({ n, contestant, scenario, epoch: 0, outcome, score, strict: null, steps: n + 1, calls: 0, tokens: 0, cost_usd: null, seconds: 1, reason: null, ...more });
const DATA = {
  contestants: ['Alpha', 'beta'],
  scenarios: [{ id: 'AC-001', task: 'alert_classification', level: null }, { id: 'RP-001', task: 'remediation_planning', level: 'hard' }],
  episodes: [episode(0, 0, 0, 'completed', 1), episode(1, 0, 1, 'completed', 0.5), episode(2, 1, 0, 'void', null, { reason: 'Out of credit' }), episode(3, 1, 1, 'completed', 0.8),
    episode(4, 1, 1, null, null)],
};

/** Returns a list in which `set(testid, value)` uses a field, and `rows()` tells which episodes are shown. */
function list(run, data = DATA) {
  const made = episodesList(run, data);
  const grid = made.element.querySelector('[data-testid=episodes]');
  grid.clientHeight = 4000;
  page.resize(grid);
  const field = (testid) => made.element.querySelector(`[data-testid=${testid}]`);
  return {
    ...made,
    set(testid, value) {
      const element = field(testid);
      element.value = value;
      element.send(element.name === 'input' ? 'input' : 'change');
    },
    press: (testid) => field(testid).send('click'),
    head: (key) => grid.querySelector(`.c-${key}`).querySelector('button').send('click'),
    columns: () => grid.querySelector('.line').children.map((cell) => cell.textContent),
    rows: () => grid.querySelectorAll('[data-testid=episode-row]').map((row) => Number(row.dataset.n)),
  };
}

test('filters find what they say', () => {
  const { set, rows } = list('filters');
  for (const [field, value, expected] of [
    ['filter-contestant', '1', [2, 3, 4]], ['filter-contestant', '', [0, 1, 2, 3, 4]],
    ['filter-task', 'remediation_planning', [1, 3, 4]], ['filter-task', '', [0, 1, 2, 3, 4]],
    ['filter-outcome', 'running', [4]], ['filter-outcome', 'void', [2]], ['filter-outcome', 'passed', [0, 3]], ['filter-outcome', 'below', [1]], ['filter-outcome', '', [0, 1, 2, 3, 4]],
    ['filter', ' out of CREDIT ', [2]], ['filter', 'alpha', [0, 1]], ['filter', 'hard', [1, 3, 4]], ['filter', 'running', [4]], ['filter', 'nothing', []], ['filter', '', [0, 1, 2, 3, 4]],
  ]) {
    set(field, value);
    assert.deepEqual(rows(), expected, `${field} ${value}`);
  }
});

test('what has no value comes last in both directions', () => {
  const { set, press, head, rows } = list('order');
  set('sort', 'score');
  assert.deepEqual(rows(), [1, 3, 0, 2, 4]);
  press('sort-direction');
  assert.deepEqual(rows(), [0, 3, 1, 2, 4]);
  // A head sorts by its column, and the other way round when it is pressed again. Equal values stay in the order of the run.
  head('contestant');
  assert.deepEqual(rows(), [0, 1, 2, 3, 4]);
  head('contestant');
  assert.deepEqual(rows(), [2, 3, 4, 0, 1]);
});

test('columns that tell nothing are left out', () => {
  assert.deepEqual(list('few').columns(), ['No.', 'Scenario', 'Contestant', 'Task', 'Epoch', 'Outcome', 'Score', 'Steps', 'Time']);
  const more = { ...DATA, episodes: [episode(0, 0, 0, 'completed', 1, { calls: 3, tokens: 900, cost_usd: 0.1, strict: 0.5 })] };
  assert.equal(list('many', more).columns().length, 13);
});

test('before and after an episode, in the order of the list that was looked at', () => {
  const around = (run, n, all) => { const { before, after, at, of } = neighbours(run, n, all); return [before, after, at, of]; };
  // If the reader has not seen the list, the order is that of the run.
  assert.deepEqual(around('unseen', 0, 3), [undefined, 1, 1, 3]);
  assert.deepEqual(around('unseen', 2, 3), [1, undefined, 3, 3]);
  assert.deepEqual(around('unseen', 2, undefined), [1, 3, 3, undefined]);
  const { set, press } = list('seen');
  set('sort', 'score');
  press('sort-direction');
  assert.deepEqual(around('seen', 0, 5), [undefined, 3, 1, 5]);
  assert.deepEqual(around('seen', 3, 5), [0, 1, 2, 5]);
  assert.deepEqual(around('seen', 4, 5), [2, undefined, 5, 5]);
  set('filter-outcome', 'passed');
  assert.deepEqual(around('seen', 3, 5), [0, undefined, 2, 2]);
  // An episode that the list does not show has its neighbours in the run.
  assert.deepEqual(around('seen', 1, 5), [0, 2, 2, 5]);
});

test('a list is as it was left, and grows with its run', () => {
  const first = list('again');
  first.set('filter-contestant', '1');
  first.stop();
  const second = list('again');
  assert.deepEqual(second.rows(), [2, 3, 4]);
  second.update({ ...DATA, episodes: [...DATA.episodes, episode(5, 1, 0, 'completed', 0.9)] });
  assert.deepEqual(second.rows(), [2, 3, 4, 5]);
});
