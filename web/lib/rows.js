// Shows a list of any length: only the rows in view are in the document, and the arrow keys move through all of them.

import { h } from './dom.js';

/** This many rows beyond each edge of the view are kept, so that fast scrolling shows no gap. */
const SPARE = 8;

/**
 * Returns a grid of rows of one height. `columns` are `{ key, title, number, cell(item) }`. `opened(item)` is called when a row is
 * chosen, and `sorted(key)` when a column's head is. The CSS property `--row` of the grid is the height of a row in pixels.
 * The result is `{ element, show(items, sort), remember(), stop() }`.
 */
export function rowsGrid({ label, testid, rowTestid, columns, key, opened, sorted }) {
  let items = [];
  let height = 0;
  let active = 0;
  let waiting = false;
  /** The list scrolls to this place as soon as its height is known. */
  let wanted = 0;
  const shown = new Map();
  const heads = columns.map((column, index) => h(`div.cell.c-${column.key}${column.number ? '.num' : ''}`, { role: 'columnheader', 'aria-colindex': index + 1 },
    // The field above the list sorts by keyboard. If each head were a tab stop, the way to the rows would be long.
    h('button.quiet', { type: 'button', tabindex: -1, onclick: () => sorted(column.key) }, column.title)));
  const body = h('div.rows', { role: 'rowgroup' });
  const element = h('div.grid', { role: 'grid', 'aria-label': label, 'data-testid': testid, 'aria-colcount': columns.length },
    h('div.head', { role: 'rowgroup' }, h('div.line', { role: 'row', 'aria-rowindex': 1 }, heads)), body);

  const make = (index) => {
    const item = items[index];
    return h('div.line', {
      role: 'row', 'aria-rowindex': index + 2, tabindex: index === active ? 0 : -1, 'data-testid': rowTestid, 'data-n': key(item),
      style: { transform: `translateY(${index * height}px)` },
    }, columns.map((column, at) => h(`div.cell.c-${column.key}${column.number ? '.num' : ''}`, { role: 'gridcell', 'aria-colindex': at + 1 }, column.cell(item))));
  };

  const draw = () => {
    waiting = false;
    if (!height) return;
    const from = Math.max(0, Math.floor(element.scrollTop / height) - SPARE);
    const to = Math.min(items.length, Math.ceil((element.scrollTop + element.clientHeight) / height) + SPARE);
    for (const [index, row] of shown) {
      // The row that has the focus stays in the document, wherever it is.
      if ((index < from || index >= to) && index !== active) { row.remove(); shown.delete(index); }
    }
    const add = (index) => {
      if (shown.has(index)) return;
      const row = make(index);
      // The document has the rows in their order, because a screen reader follows it and not the places on the screen.
      const next = shown.get(Math.min(...[...shown.keys()].filter((other) => other > index)));
      if (next) next.before(row); else body.append(row);
      shown.set(index, row);
    };
    for (let index = from; index < to; index += 1) add(index);
    if (items.length && active < items.length) add(active);
  };
  const later = () => { if (!waiting) { waiting = true; requestAnimationFrame(draw); } };

  const all = () => {
    const hadFocus = body.contains(document.activeElement);
    body.replaceChildren();
    shown.clear();
    body.style.setProperty('height', `${items.length * height}px`);
    draw();
    if (hadFocus) shown.get(active)?.focus({ preventScroll: true });
  };

  const measure = () => {
    const now = parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 36;
    if (now !== height) {
      const top = height ? (element.scrollTop / height) * now : wanted;
      height = now;
      all();
      element.scrollTop = top;
    } else later();
  };

  const go = (index) => {
    const before = shown.get(active);
    before?.setAttribute('tabindex', -1);
    active = Math.max(0, Math.min(items.length - 1, index));
    const top = active * height;
    const head = element.firstChild.offsetHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height > element.scrollTop + element.clientHeight - head) element.scrollTop = top + height + head - element.clientHeight;
    draw();
    const row = shown.get(active);
    row?.setAttribute('tabindex', 0);
    row?.focus({ preventScroll: true });
  };

  const page = () => Math.max(1, Math.floor(element.clientHeight / height) - 2);
  const keys = {
    ArrowDown: () => go(active + 1), ArrowUp: () => go(active - 1), PageDown: () => go(active + page()), PageUp: () => go(active - page()),
    Home: () => go(0), End: () => go(items.length - 1), Enter: () => items[active] && opened(items[active]),
  };
  element.addEventListener('keydown', (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.altKey || event.metaKey || !event.target.closest('.rows')) return;
    event.preventDefault();
    act();
  });
  const indexOf = (target) => Number(target.closest('[role=row]')?.getAttribute('aria-rowindex')) - 2;
  body.addEventListener('click', (event) => {
    // A link in a row works as any link does, also when it is opened in another tab.
    if (event.target.closest('a') || getSelection()?.toString()) return;
    const item = items[indexOf(event.target)];
    if (item) opened(item);
  });
  body.addEventListener('focusin', (event) => {
    const index = indexOf(event.target);
    if (index === active || Number.isNaN(index)) return;
    shown.get(active)?.setAttribute('tabindex', -1);
    active = index;
    shown.get(active)?.setAttribute('tabindex', 0);
  });
  element.addEventListener('scroll', later, { passive: true });
  const watch = new ResizeObserver(measure);
  watch.observe(element);

  return {
    element,
    /** Shows these items. `place` is what `remember()` returned before, and `keep` leaves the list where it is. */
    show(next, sort, { place = null, keep = false } = {}) {
      const was = items[active] && key(items[active]);
      items = next;
      const found = keep ? items.findIndex((item) => key(item) === was) : -1;
      active = found >= 0 ? found : 0;
      if (place) active = Math.max(0, items.findIndex((item) => key(item) === place.key));
      element.setAttribute('aria-rowcount', items.length + 1);
      columns.forEach((column, index) => {
        if (column.key === sort.key) heads[index].setAttribute('aria-sort', sort.down ? 'descending' : 'ascending');
        else heads[index].removeAttribute('aria-sort');
      });
      all();
      wanted = place?.top ?? 0;
      if (place || !keep) element.scrollTop = wanted;
    },
    /** Returns where the list is, to be passed to a later `show`. */
    remember: () => ({ top: element.scrollTop, key: items[active] && key(items[active]) }),
    stop: () => watch.disconnect(),
  };
}
