// Tests the plots: marks are in their places, names do not overlap, and every number is said in words.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser } from './fake-dom.js';

const page = browser();
const { failures, sources } = await import('../../web/charts/bars.js');
const { glance, intervals } = await import('../../web/charts/intervals.js');
const { scatter } = await import('../../web/charts/scatter.js');

test('points and intervals are on the scale, and what leaves it has an arrow', () => {
  const strip = (row) => intervals({ testid: 'x', title: 'x', rows: [{ label: 'm', kind: 'model', ...row }] }).querySelector('li');
  const of = (row) => {
    const element = strip(row);
    const whisker = element.querySelector('line.whisker');
    return [element.querySelector('circle')?.getAttribute('cx'), whisker && [whisker.getAttribute('x1'), whisker.getAttribute('x2')], element.querySelectorAll('path.beyond').length];
  };
  for (const [row, expected] of [
    [{ mean: 0.5, ci: [0.25, 0.75] }, ['50.00%', ['25.00%', '75.00%'], 0]],
    [{ mean: 0, ci: [-0.4, 1.4] }, ['0.00%', ['0.00%', '100.00%'], 2]],
    [{ mean: 1, ci: [0.9, 1] }, ['100.00%', ['90.00%', '100.00%'], 0]],
    [{ mean: 0.5 }, ['50.00%', null, 0]],
    [{ mean: null }, [undefined, null, 0]],
  ]) assert.deepEqual(of(row), expected, JSON.stringify(row));
  assert.equal(strip({ mean: 0.481, ci: [-0.403, 1.366] }).querySelector('.value').textContent, '0.481 95 % interval −0.403 to 1.366');
  // Too few scenarios have a range, which is no interval and is not drawn as one.
  const few = strip({ mean: 0.75, ci: null, range: [0.5, 1] });
  assert.equal(few.querySelector('.value').textContent, '0.750 range 0.500–1.000');
  assert.equal(few.querySelector('line.whisker'), null);
});

test('a glance shows each score, models last', () => {
  const points = glance([{ agent: 'llm', protocol: 'json', overall: 0.4, overall_ci95: [0.1, 0.7] }, { agent: 'random', overall: 0.2 }, { agent: 'oracle', overall: 1 }, { agent: 'heuristic', overall: null }]);
  assert.deepEqual(points.querySelectorAll('circle').map((one) => `${one.getAttribute('class')} ${one.getAttribute('cx')}`), ['point-builtin 20.00%', 'point-builtin 100.00%', 'point-model 40.00%']);
  assert.equal(points.querySelectorAll('line.floor').length + points.querySelectorAll('line.ceiling').length, 2);
});

/** Returns a scatter plot that was drawn for a width. */
function drawn(points, width = 700, lines = []) {
  const figure = scatter({ testid: 'x', title: 'Score by tokens', unit: 'tokens', points, lines, text: (value) => String(value) });
  page.resize(page.watched().at(-1), { width });
  return figure;
}

test('names do not lie on each other as long as there is room', () => {
  const points = Array.from({ length: 6 }, (_, at) => ({ label: `provider/model-number-${at}`, x: 1000 + 3 * at, score: 0.5 + 0.004 * at, ci: [0.4, 0.6] }));
  for (const width of [320, 480, 700, 1200]) {
    const boxes = drawn(points, width).querySelectorAll('text.label').map((text) => {
      const [x, y, wide] = [Number(text.getAttribute('x')), Number(text.getAttribute('y')), text.textContent.length * 6.2];
      const left = text.getAttribute('text-anchor') === 'end' ? x - wide : x;
      return { text: text.textContent, left, right: left + wide, top: y - 11, bottom: y + 3 };
    });
    assert.equal(boxes.length, points.length);
    boxes.forEach((one, at) => {
      assert.ok(one.left >= 0 && one.right <= width + 0.001 && one.top >= 0, `${one.text} is within ${width}: ${one.left} to ${one.right}`);
      for (const other of boxes.slice(at + 1)) {
        assert.ok(one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top, `${one.text} and ${other.text} on ${width}`);
      }
    });
  }
});

test('a scale from 0 has round steps, and one over powers of ten is logarithmic', () => {
  const ticks = (values) => {
    const texts = drawn(values.map((x) => ({ label: 'm', x, score: 0.5 })), 1000).querySelectorAll('text').filter((text) => text.getAttribute('y') === '292');
    return texts.map((text) => text.textContent);
  };
  for (const [values, expected] of [
    [[100], ['0', '25', '50', '75', '100']],
    [[3, 9], ['0', '2.5', '5', '7.5', '10']],
    [[40, 50], ['0', '20', '40', '60']],
    [[0], ['0', '0.25', '0.5', '0.75', '1']],
    [[10, 10_000], ['10', '100', '1000', '10000']],
    [[0, 10_000], ['0', '2500', '5000', '7500', '10000']],
  ]) assert.deepEqual(ticks(values), expected, values.join(' '));
});

test('every point of a plot is said in words', () => {
  const figure = drawn([{ label: 'org/a', x: 10, score: 0.5 }, { label: 'b', x: 20, score: null }]);
  assert.deepEqual(figure.querySelector('ol').children.map((item) => item.textContent), ['org/a: score 0.500, 10', 'b: score –, 20']);
});

test('who chose the steps adds up to the whole bar', () => {
  const figure = sources([{ protocol: 'json', steps: 8, model_steps: 4, repaired_steps: 1, override_steps: 0, fallback_steps: 3 }, { protocol: null, steps: 5 }], ['m', 'oracle']);
  const bars = figure.querySelector('ul.bars').querySelectorAll('rect').filter((rect) => !rect.classes.includes('track'));
  assert.deepEqual(bars.map((rect) => `${rect.getAttribute('class')} ${rect.getAttribute('x')} ${rect.getAttribute('width')}`),
    ['bar-model 0% 50%', 'bar-repaired 50% 12.5%', 'bar-fallback 62.5% 37.5%']);
  assert.match(figure.textContent, /model 4 \(50 %\) · repaired 1 \(13 %\) · fallback 3 \(38 %\)/);
  assert.match(sources([{ protocol: null, steps: 5 }], ['oracle']).textContent, /No model played/);
});

test('the commonest failure comes first', () => {
  const rows = [{ episodes: 10, failures: { wrong_service: 2, timeout: 1 }, answered: { model: { episodes: 9, mean: 0.4 } } }, { episodes: 10, failures: { timeout: 4 } }];
  const table = failures(rows, ['a', 'b']);
  assert.deepEqual(table.querySelectorAll('tr').map((row) => row.children.map((cell) => cell.textContent).join(' | ')),
    ['Contestant | Episodes | Timeout | Wrong service | Answered by (mean score)', 'a | 10 | 1 | 2 | model 9 (0.400)', 'b | 10 | 4 | – | –']);
  assert.equal(failures([{ episodes: 3 }], ['a']).textContent, 'No episode is below 0.8.');
});
