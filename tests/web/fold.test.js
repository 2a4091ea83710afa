// Tests long texts: no part of them is lost, and nothing is built before it is unfolded.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser } from './fake-dom.js';

browser();
const { h } = await import('../../web/lib/dom.js');
const { fold, lazily, long } = await import('../../web/lib/fold.js');

/** Returns the blocks of a long text. A block that ends where a line ends has lost that line break. */
const blocks = (text) => long(text, 'x').children.map((block) => block.textContent);

test('a text of one block is one text', () => {
  for (const text of ['', 'short', 'x'.repeat(6000)]) {
    assert.equal(long(text, 'x').textContent, text);
    assert.equal(blocks(text).length, 0);
  }
});

test('blocks of a long text are cut at ends of lines, and lose none', () => {
  const lines = Array.from({ length: 3000 }, (_, at) => `line ${at} ${'.'.repeat(at % 40)}`);
  const found = blocks(lines.join('\n'));
  assert.ok(found.length > 10, `${found.length} blocks`);
  assert.equal(found.join('\n'), lines.join('\n'));
  for (const block of found) assert.ok(block.length <= 6000, `${block.length}`);
});

test('a long text without lines is cut anywhere but within a letter', () => {
  for (const text of ['x'.repeat(7001), '🚒'.repeat(7001), `a${'🚒'.repeat(7001)}`]) {
    const found = blocks(text);
    assert.equal(found.join(''), text);
    for (const block of found) {
      assert.ok(block.length > 0 && block.length <= 6000);
      assert.doesNotMatch(block, /^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/);
    }
  }
});

test('empty lines at the edge of a block are kept', () => {
  const text = `${'x'.repeat(5998)}\n\n\n${'y'.repeat(10)}`;
  assert.equal(blocks(text).join('\n'), text);
});

test('a folded part is made once, when it is first unfolded', () => {
  let made = 0;
  const part = lazily(h('summary', 'More'), () => { made += 1; return [h('p', 'content'), null]; });
  assert.deepEqual([made, part.textContent], [0, 'More']);
  part.unfold();
  part.send('toggle');
  part.open = false;
  part.send('toggle');
  part.unfold();
  assert.deepEqual([made, part.textContent], [1, 'Morecontent']);
  lazily(h('summary'), () => { made += 1; return 'x'; }, { open: true });
  assert.equal(made, 2);
});

test('a heading shows the beginning of a text, with hidden marks written out', () => {
  const said = (text, options) => fold('Reply', text, options).textContent;
  assert.equal(said('one\n  two\u202e'), 'Reply 10 charactersone two⟨U+202E⟩');
  assert.equal(said('one', { glimpse: false }), 'Reply 3 characters');
  assert.ok(said('x'.repeat(500)).length < 150);
});
