// Folds long texts: a text enters the document when the reader unfolds it.

import { copier, h } from './dom.js';
import { size, visible } from './words.js';

/** A block of a long text has at most this many characters. The browser lays out only the blocks that are in view. */
const BLOCK = 6000;

/**
 * Returns a text folded under a heading that shows its length and its beginning. `tone` is a class, and `testid` names it for tests.
 */
export function fold(title, text, { testid, tone = '', open = false, glimpse = true } = {}) {
  const first = glimpse ? visible(text.slice(0, 240)).replace(/\s+/g, ' ').trim().slice(0, 110) : '';
  return lazily(h('summary', h('span.what', title), ' ', h('span.soft.small.num', size(text)), first && h('span.glimpse.soft', first)),
    () => [long(text, title), text.length > 400 && h('div.row.end', copier('Copy', text))], { testid, tone, open });
}

/** Returns a folded part whose content is made when it is first unfolded. */
export function lazily(summary, make, { testid, tone = '', open = false } = {}) {
  const holder = h('div.fold-body');
  const element = h(`details.fold${tone ? `.${tone}` : ''}`, { 'data-testid': testid }, summary, holder);
  const made = () => {
    if (!element.open || holder.firstChild) return;
    for (const part of [make()].flat()) if (part) holder.append(part);
  };
  element.addEventListener('toggle', made);
  // The event `toggle` comes after the next frame, which is too late for code that unfolds a part and uses its content at once.
  element.unfold = () => { element.open = true; made(); };
  if (open) element.unfold();
  return element;
}

/** Returns a box that shows a long text and scrolls by itself. */
export function long(raw, label) {
  const text = visible(raw);
  const box = h('pre.long', { tabindex: 0, role: 'group', 'aria-label': label });
  if (text.length <= BLOCK) box.append(text);
  else for (const block of blocks(text)) box.append(h('span.block', { style: { 'contain-intrinsic-block-size': `auto ${lines(block)}lh` } }, block));
  return box;
}

/** Cuts a text into blocks, at line ends if there are any. */
function blocks(text) {
  const pieces = [];
  let from = 0;
  while (from < text.length) {
    let to = Math.min(text.length, from + BLOCK);
    if (to < text.length) {
      const end = text.lastIndexOf('\n', to);
      if (end > from) to = end + 1;
      // A cut must not part the two halves of a character.
      else if (/[\uD800-\uDBFF]/.test(text[to - 1])) to -= 1;
    }
    // The end of a block ends the line already, so the line break at that place is dropped.
    pieces.push(text.slice(from, to).replace(/\n$/, ''));
    from = to;
  }
  return pieces;
}

function lines(block) {
  return block.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 100)), 0);
}
