// Long texts, folded: they come into the document when they are unfolded.

import { copier, h } from './dom.js';
import { size, visible } from './words.js';

/** About so many characters make one block of a long text: the browser lays out only the blocks that it shows. */
const BLOCK = 6000;

/**
 * A folded text under a heading, with its length and its beginning. `tone` is a class, `testid` a hook.
 */
export function fold(title, text, { testid, tone = '', open = false, glimpse = true } = {}) {
  const first = glimpse ? visible(text.slice(0, 240)).replace(/\s+/g, ' ').trim().slice(0, 110) : '';
  return lazily(h('summary', h('span.what', title), ' ', h('span.soft.small.num', size(text)), first && h('span.glimpse.soft', first)),
    () => [long(text, title), text.length > 400 && h('div.row.end', copier('Copy', text))], { testid, tone, open });
}

/** A folded part whose content is made when it is first unfolded. */
export function lazily(summary, make, { testid, tone = '', open = false } = {}) {
  const holder = h('div.fold-body');
  const element = h(`details.fold${tone ? `.${tone}` : ''}`, { 'data-testid': testid }, summary, holder);
  const made = () => {
    if (!element.open || holder.firstChild) return;
    for (const part of [make()].flat()) if (part) holder.append(part);
  };
  element.addEventListener('toggle', made);
  // `toggle` comes after the next frame: who opens it by program may want it sooner.
  element.unfold = () => { element.open = true; made(); };
  if (open) element.unfold();
  return element;
}

/** A long text with a height of its own. */
export function long(raw, label) {
  const text = visible(raw);
  const box = h('pre.long', { tabindex: 0, role: 'group', 'aria-label': label });
  if (text.length <= BLOCK) box.append(text);
  else for (const block of blocks(text)) box.append(h('span.block', { style: { 'contain-intrinsic-block-size': `auto ${lines(block)}lh` } }, block));
  return box;
}

/** Pieces of a text, cut at ends of lines where there are any. */
function blocks(text) {
  const pieces = [];
  let from = 0;
  while (from < text.length) {
    let to = Math.min(text.length, from + BLOCK);
    if (to < text.length) {
      const end = text.lastIndexOf('\n', to);
      if (end > from) to = end + 1;
      // Not between the halves of one letter.
      else if (/[\uD800-\uDBFF]/.test(text[to - 1])) to -= 1;
    }
    // The line's end is that of the block, which would show it twice.
    pieces.push(text.slice(from, to).replace(/\n$/, ''));
    from = to;
  }
  return pieces;
}

function lines(block) {
  return block.split('\n').reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 100)), 0);
}
