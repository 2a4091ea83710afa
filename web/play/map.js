// The service map: services are buttons, and calls are lines behind them. It shows only what the evidence has shown.

import { fill, h, s } from '../lib/dom.js';
import { layout } from './layout.js';

const HEIGHT = 46;
const PAD = 10;
/** Each state has a shape, because colour must not be the only sign of it. */
const SHAPES = {
  unknown: ['circle', 'M6.2 6.1a1.9 1.9 0 1 1 2.6 1.8c-.5.2-.8.5-.8 1.1M8 11.2v.1'],
  healthy: ['circle', 'M5 8.3l2.1 2.1L11 6'],
  degraded: ['triangle', 'M8 6v3.2M8 11.4v.1'],
  down: ['square', 'M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8'],
};

/** Returns the sign of a state. */
export function sign(state) {
  const [outline, mark] = SHAPES[state];
  const shape = outline === 'circle' ? s('circle', { cx: 8, cy: 8, r: 6.5 })
    : outline === 'triangle' ? s('path', { d: 'M8 1.8 15 14H1z' }) : s('rect', { x: 1.5, y: 1.5, width: 13, height: 13, rx: 2 });
  return s(`svg.sign.${state}`, { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' }, shape, s('path.mark', { d: mark }));
}

/** Returns the width of the widest of these names, in pixels. */
function widest(names) {
  const pen = document.createElement('canvas').getContext('2d');
  pen.font = `600 12.5px ${getComputedStyle(document.body).fontFamily}`;
  return Math.max(...names.map((name) => pen.measureText(name).width));
}

/** Returns the map. It calls `onchoose(name)` when a service is chosen. */
export function serviceMap(onchoose) {
  const lines = s('svg.play-lines', { 'aria-hidden': 'true' });
  const plane = h('div.play-plane', { role: 'group', 'aria-label': 'Services. Arrow keys move, Enter chooses.' });
  // The box that scrolls needs no stop of the tab key, because the services in it can be focused.
  const box = h('div.play-mapbox', plane);
  const count = h('span.soft.small');
  const widen = h('button.small.play-widen', { type: 'button', 'aria-pressed': 'false', 'data-testid': 'widen', onclick: () => {
    const is = card.classList.toggle('wide');
    widen.setAttribute('aria-pressed', String(is));
  } }, 'Wide');
  const card = h('section.card.play-map', { 'aria-labelledby': 'map-title', 'data-testid': 'map' },
    h('div.row.spread', h('h2', { id: 'map-title' }, 'Services'), h('div.row', count, widen)), box, legend());
  let shown = null;
  let chosen = null;
  let buttons = new Map();

  /** Makes one service of the map the stop of the tab key. The arrow keys go to the others. */
  const stop = (name) => { for (const [one, button] of buttons) button.tabIndex = one === name ? 0 : -1; };

  const draw = () => {
    if (!shown) return;
    const { services, alerted, nodes, edges } = shown;
    const focused = [...buttons].find(([, button]) => button === document.activeElement)?.[0];
    const width = Math.ceil(Math.min(244, Math.max(150, widest(services) + 42)));
    const first = [...services].sort((a, b) => alerted.includes(b) - alerted.includes(a));
    const placed = layout(first, edges, { width: box.clientWidth - 2 * PAD, nodeWidth: width, nodeHeight: HEIGHT });
    plane.style.setProperty('width', `${placed.width + 2 * PAD}px`);
    plane.style.setProperty('height', `${placed.height + 2 * PAD}px`);
    fill(lines, placed.paths.map((path) => line(path)));
    lines.setAttribute('width', placed.width + 2 * PAD);
    lines.setAttribute('height', placed.height + 2 * PAD);
    buttons = new Map(first.map((name) => [name, part(name, nodes.get(name), placed.places.get(name), width)]));
    fill(plane, lines, placed.split !== null && h('p.play-split.small.soft', { style: { top: `${placed.split + PAD}px` } }, 'No calls seen yet'), [...buttons.values()]);
    stop(buttons.has(chosen) ? chosen : first[0]);
    if (focused) buttons.get(focused)?.focus({ preventScroll: true });
    const seen = [...nodes.values()].filter(({ looked }) => looked).length;
    count.textContent = `${services.length} parts, ${seen} looked at, ${edges.length} ${edges.length === 1 ? 'call' : 'calls'} seen`;
  };

  const part = (name, node, at, width) => {
    const { services, alerted, edges } = shown;
    const word = node.state !== 'unknown' ? `${node.stale ? 'was ' : ''}${node.state}` : node.looked ? 'looked at' : 'unknown';
    const calls = edges.filter(({ from }) => from === name).map(({ to, state, reason }) => (state === 'unknown' ? to : `${to} (${[state, reason && words(reason)].filter(Boolean).join(': ')})`));
    const callers = edges.filter(({ to }) => to === name).map(({ from }) => from);
    const label = [name, node.kind, node.runs && `runs ${node.runs}`, word, alerted.includes(name) && 'alerted', node.why, calls.length && `calls ${calls.join(', ')}`,
      callers.length && `called by ${callers.join(', ')}`].filter(Boolean).join('; ');
    return h(`button.play-part.${node.state}${node.stale ? '.stale' : ''}${alerted.includes(name) ? '.alerted' : ''}`, {
      type: 'button', title: label, 'aria-label': label, 'aria-pressed': String(name === chosen), 'data-service': name,
      style: { left: `${at.x + PAD}px`, top: `${at.y + PAD}px`, width: `${width}px`, height: `${HEIGHT}px` },
      onclick: () => { choose(name); onchoose(name); },
      onfocus: () => { stop(name); trace(name); }, onblur: () => trace(null),
      onmouseenter: () => trace(name), onmouseleave: () => trace(null),
    }, sign(node.state), h('span.play-part-text', h('span.play-part-name', name), h('span.play-part-word', [word, !node.stale && node.kind].filter(Boolean).join(' · '))),
    alerted.includes(name) && h('span.play-bell', 'alert'));
  };

  /** Highlights the calls of one service. */
  const trace = (name) => {
    lines.classList.toggle('traced', name !== null && shown.edges.some(({ from, to }) => from === name || to === name));
    for (const group of lines.children) group.classList.toggle('on', group.dataset.from === name || group.dataset.to === name);
  };

  const choose = (name) => {
    chosen = name;
    for (const [one, button] of buttons) button.setAttribute('aria-pressed', String(one === name));
    const button = buttons.get(name);
    if (!button) return;
    stop(name);
    // Only the box of the map scrolls. The page stays where it is.
    const sideways = Math.max(0, button.offsetLeft + button.offsetWidth + PAD - box.clientWidth);
    if (button.offsetLeft < box.scrollLeft || sideways > box.scrollLeft) box.scrollLeft = Math.min(button.offsetLeft - PAD, sideways);
    const downward = Math.max(0, button.offsetTop + HEIGHT + PAD - box.clientHeight);
    if (button.offsetTop < box.scrollTop || downward > box.scrollTop) box.scrollTop = Math.min(button.offsetTop - PAD, downward);
  };

  plane.addEventListener('keydown', (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const now = document.activeElement;
    if (!way || !plane.contains(now)) return;
    event.preventDefault();
    const middle = (element) => [element.offsetLeft + element.offsetWidth / 2, element.offsetTop + element.offsetHeight / 2];
    const [x, y] = middle(now);
    let best = null;
    for (const button of buttons.values()) {
      const [dx, dy] = [middle(button)[0] - x, middle(button)[1] - y];
      const along = dx * way[0] + dy * way[1];
      if (button === now || along < 4) continue;
      const away = along + 3 * Math.abs(dx * way[1] + dy * way[0]);
      if (!best || away < best.away) best = { away, button };
    }
    best?.button.focus();
  });

  let last = 0;
  const watch = new ResizeObserver(() => {
    // The layout depends on the width alone.
    if (Math.abs(box.clientWidth - last) > 4) { last = box.clientWidth; draw(); }
  });
  watch.observe(box);

  return {
    element: card,
    /** Draws what is known: `services`, `alerted` names, and the `nodes` and `edges` of known.js. */
    show(known) { shown = known; draw(); },
    choose,
    stop() { watch.disconnect(); },
  };
}

function line({ edge, back, points }) {
  const ends = points.map(([x, y]) => [x + PAD, y + PAD]);
  // The arrow shows who is called. A line that runs against the layers has it at its beginning.
  let d = `M${ends[0]}`;
  for (let at = 1; at < ends.length; at += 1) {
    const [[x1, y1], [x2, y2]] = [ends[at - 1], ends[at]];
    const bend = (x2 - x1) / 2;
    d += y1 === y2 ? `L${x2},${y2}` : `C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
  }
  const [tx, ty] = back ? ends[0] : ends.at(-1);
  const tip = back ? `M${tx},${ty}l8,-4.5v9z` : `M${tx},${ty}l-8,-4.5v9z`;
  const [mx, my] = middle(ends);
  return s(`g.play-line.${edge.state}`, { 'data-from': edge.from, 'data-to': edge.to }, s('title', `${edge.from} calls ${edge.to}: ${edge.why || edge.state}`),
    s('path.way', { d }), s('path.tip', { d: tip }), edge.state === 'failing' && s('path.cross', { d: `M${mx - 4},${my - 4}l8,8m0,-8l-8,8` }));
}

/** Returns the reason of failed calls as words, `name resolution`. */
const words = (reason) => reason.replaceAll('_', ' ');

/** Returns the middle of the last stretch between two layers, where the line is half way up or down. */
function middle(points) {
  const [[x1, y1], [x2, y2]] = points.slice(-2);
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}

function legend() {
  const call = (state, words) => h('li', s(`svg.play-key.${state}`, { viewBox: '0 0 34 12', width: 34, height: 12, 'aria-hidden': 'true' },
    s(`g.play-line.${state}`, s('path.way', { d: 'M0,6H26' }), s('path.tip', { d: 'M34,6l-8,-4.5v9z' }), state === 'failing' && s('path.cross', { d: 'M9,2l8,8m0,-8l-8,8' }))), words);
  return h('ul.play-legend.small.soft', { 'aria-label': 'Legend' },
    [['unknown', 'unknown'], ['healthy', 'healthy'], ['degraded', 'degraded'], ['down', 'down']].map(([state, words]) => h('li', sign(state), words)),
    call('ok', 'answers'), call('slow', 'slow or partly'), call('failing', 'fails'), call('unknown', 'seen, not measured'));
}
