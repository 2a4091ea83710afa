// Tests the long list: only rows in view are built, and the keyboard reaches every row.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser } from './fake-dom.js';

const page = browser({ css: { '--row': '40' } });
const { rowsGrid } = await import('../../web/lib/rows.js');

const ITEMS = Array.from({ length: 1000 }, (_, n) => ({ n, name: `item ${n}` }));
const SORT = { key: 'n', down: false };

/** Returns a list of 1000 rows of 40 px, ten of which are in view. */
function list(items = ITEMS) {
  const opened = [];
  const sorted = [];
  const grid = rowsGrid({
    label: 'Items', testid: 'items', rowTestid: 'item', key: (item) => item.n, opened: (item) => opened.push(item.n), sorted: (key) => sorted.push(key),
    columns: [{ key: 'n', title: 'No.', number: true, cell: (item) => String(item.n) }, { key: 'name', title: 'Name', cell: (item) => item.name }],
  });
  grid.show(items, SORT);
  grid.element.clientHeight = 400;
  page.resize(grid.element);
  const body = grid.element.children[1];
  const numbers = () => body.children.map((row) => Number(row.dataset.n));
  const press = (key, more) => (document.activeElement && body.contains(document.activeElement) ? document.activeElement : body).send('keydown', { key, ...more });
  const scroll = (to) => { grid.element.scrollTop = to; grid.element.send('scroll'); page.frame(); };
  return { grid, body, numbers, press, scroll, opened, sorted };
}

const range = (from, to) => Array.from({ length: to - from }, (_, at) => from + at);

test('only rows in sight, and a few beyond, are in the document', () => {
  const { numbers, scroll, body } = list();
  const [first] = body.children;
  assert.equal(body.properties.get('height'), '40000px');
  assert.deepEqual(numbers(), range(0, 18));
  scroll(20_000);
  assert.deepEqual(numbers(), [0, ...range(492, 518)]);
  scroll(40_000);
  assert.deepEqual(numbers(), [0, ...range(992, 1000)]);
  assert.equal(body.children[0], first, 'the row of the focus is the same element, or the focus would be lost');
  for (const row of body.children) assert.equal(row.properties.get('transform'), `translateY(${40 * Number(row.dataset.n)}px)`);
});

test('rows are in the document in their order, from whichever side they come', () => {
  const { numbers, scroll, press } = list();
  for (const to of [4000, 3700, 4300, 0, 39_600, 3_900, 80]) {
    scroll(to);
    assert.deepEqual(numbers(), [...numbers()].sort((a, b) => a - b), `at ${to}`);
  }
  // The row with the focus may come after all rows in view.
  press('End');
  for (const to of [400, 20_000, 0, 39_600]) {
    scroll(to);
    assert.deepEqual(numbers(), [...numbers()].sort((a, b) => a - b), `at ${to}, with the focus at the end`);
  }
});

test('the keyboard goes through all rows and stays within them', () => {
  const { press, body, opened } = list();
  const at = () => body.children.filter((row) => row.getAttribute('tabindex') === '0').map((row) => Number(row.dataset.n));
  for (const [key, expected] of [['ArrowUp', 0], ['ArrowDown', 1], ['ArrowDown', 2], ['PageDown', 10], ['End', 999], ['ArrowDown', 999], ['PageUp', 991], ['Home', 0], ['PageUp', 0]]) {
    const { prevented } = press(key);
    assert.deepEqual([at(), prevented], [[expected], true], key);
    assert.equal(Number(document.activeElement.dataset.n), expected, `${key} moves the focus`);
  }
  press('ArrowDown');
  press('Enter');
  assert.deepEqual(opened, [1]);
  // Keys that the list does not use are left to the browser.
  assert.equal(press('ArrowDown', { ctrlKey: true }).prevented, undefined);
  assert.equal(press('x').prevented, undefined);
  assert.deepEqual(at(), [1]);
});

test('a row is scrolled to where the focus goes', () => {
  const { grid, press } = list();
  press('End');
  assert.equal(grid.element.scrollTop, 1000 * 40 - 400);
  press('Home');
  assert.equal(grid.element.scrollTop, 0);
});

test('a click opens a row, and on a link or with a selection does not', () => {
  const { body, opened, sorted, grid } = list();
  body.children[3].children[0].send('click');
  assert.deepEqual(opened, [3]);
  globalThis.getSelection = () => 'selected';
  body.children[4].send('click');
  globalThis.getSelection = () => '';
  assert.deepEqual(opened, [3]);
  for (const button of grid.element.querySelectorAll('button')) button.send('click');
  assert.deepEqual(sorted, ['n', 'name']);
});

test('new items keep the row that was chosen, if it is still among them', () => {
  const { grid, press, body } = list();
  const chosen = () => body.children.filter((row) => row.getAttribute('tabindex') === '0').map((row) => Number(row.dataset.n));
  for (let n = 0; n < 5; n += 1) press('ArrowDown');
  grid.show([{ n: -1, name: 'new' }, ...ITEMS], SORT, { keep: true });
  assert.deepEqual(chosen(), [5]);
  grid.show(ITEMS.filter(({ n }) => n !== 5), SORT, { keep: true });
  assert.deepEqual(chosen(), [0]);
  grid.show([...ITEMS].reverse(), { key: 'n', down: true });
  assert.deepEqual(chosen(), [999]);
  assert.equal(grid.element.querySelector('[aria-sort]').getAttribute('aria-sort'), 'descending');
  assert.equal(grid.element.getAttribute('aria-rowcount'), '1001');
});

test('a list is found again where it was left', () => {
  const first = list();
  first.press('End');
  const place = first.grid.remember();
  assert.deepEqual(place, { top: 39_600, key: 999 });
  const { grid, body } = list();
  grid.show(ITEMS, SORT, { place });
  assert.equal(grid.element.scrollTop, 39_600);
  assert.equal(Number(body.children.find((row) => row.getAttribute('tabindex') === '0').dataset.n), 999);
});

test('an empty list takes keys without a fault', () => {
  const { press, numbers, opened } = list([]);
  for (const key of ['ArrowDown', 'End', 'PageUp', 'Enter']) press(key);
  assert.deepEqual([numbers(), opened], [[], []]);
});
