// Tests that elements are built as asked, and that no text ever becomes markup.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser } from './fake-dom.js';

const page = browser();
const { announce, copier, fill, h, s, set } = await import('../../web/lib/dom.js');

test('a selector, properties and children', () => {
  const element = h('a.tag.bad', { href: '#/x', hidden: false, disabled: true, title: null, 'data-n': 0 }, 'text ', [h('b', 'bold'), ['deep']], null, false, undefined, 0);
  assert.equal(element.name, 'a');
  assert.deepEqual(Object.fromEntries(element.attributes), { class: 'tag bad', href: '#/x', disabled: '', 'data-n': '0' });
  assert.equal(element.textContent, 'text bolddeep0');
  assert.equal(h('.only').name, 'div');
  assert.equal(h('div', 'first').textContent, 'first');
  assert.equal(h('div', ['list', ' of two']).textContent, 'list of two');
  assert.equal(h('div', h('i', 'an element')).children[0].name, 'i');
  assert.equal(s('path', { d: 'M0,0' }).namespace, 'http://www.w3.org/2000/svg');
});

test('markup in a text stays a text', () => {
  const evil = '<img src=x onerror="alert(1)">';
  const element = h('p', { title: evil }, evil, [evil]);
  assert.equal(element.children.length, 0);
  assert.equal(element.textContent, evil + evil);
  assert.equal(element.getAttribute('title'), evil);
});

test('listeners and styles are no attributes', () => {
  let heard = 0;
  const element = h('button', { onclick: () => { heard += 1; }, style: { '--part': '5%', width: '3px' } });
  element.send('click');
  assert.equal(heard, 1);
  assert.deepEqual([...element.properties], [['--part', '5%'], ['width', '3px']]);
  assert.equal(element.attributes.size, 0);
});

test('a property that is set to false is taken away', () => {
  const element = set(h('input', { disabled: true }), { disabled: false, class: undefined });
  assert.equal(element.attributes.size, 0);
});

test('filling replaces all that was there', () => {
  const element = h('div', 'old', h('b', 'old'));
  assert.equal(fill(element, 'new', [h('i', 'er')], null), element);
  assert.equal(element.textContent, 'newer');
});

test('what is announced is said', () => {
  announce('Two runs are chosen');
  assert.equal(page.announced.textContent, 'Two runs are chosen');
});

test('a text that cannot be put on the clipboard is shown', async () => {
  const set = (clipboard) => Object.defineProperty(globalThis, 'navigator', { value: { clipboard }, configurable: true });
  const press = async (button) => { for (const listener of button.listeners.get('click')) await listener(); };
  const later = globalThis.setTimeout;
  globalThis.setTimeout = () => {};
  try {
    const written = [];
    set({ writeText: async (text) => { written.push(text); } });
    const fine = copier('Copy', () => 'made when asked');
    await press(fine);
    assert.deepEqual([written, fine.textContent], [['made when asked'], 'Copied']);
    set(undefined);
    const around = h('div', copier('Copy', 'by hand'));
    await press(around.children[0]);
    assert.equal(around.textContent, 'Copy it from hereby hand');
  } finally {
    globalThis.setTimeout = later;
  }
});
