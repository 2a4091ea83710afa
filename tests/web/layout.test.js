// Tests the layout of the service map: by tables, and by rules that hold for any graph.

import assert from 'node:assert/strict';
import test from 'node:test';
import { layout } from '../../web/play/layout.js';

const SIZES = { width: 800, nodeWidth: 150, nodeHeight: 46 };
const edge = (text) => { const [from, to] = text.split('>'); return { from, to, state: 'ok' }; };
const graph = (nodes, edges) => [nodes.split(' ').filter(Boolean), edges.split(' ').filter(Boolean).map(edge)];

/** Returns a source of numbers below a bound that depend only on the seed (mulberry32). */
function draws(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6D2B79F5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

function drawn(seed) {
  const below = draws(seed);
  const nodes = Array.from({ length: 1 + below(14) }, (_, at) => `n${at}`);
  const edges = new Map();
  for (let n = below(2 * nodes.length + 1); n > 0; n -= 1) {
    const [from, to] = [nodes[below(nodes.length)], nodes[below(nodes.length)]];
    if (from !== to) edges.set(`${from}>${to}`, edge(`${from}>${to}`));
  }
  return [nodes, [...edges.values()], { width: 320 + below(1000), nodeWidth: 150 + below(94), nodeHeight: 46 }];
}

/** Throws if a layout breaks one of the rules that hold for every graph. */
function check(nodes, edges, sizes, placed) {
  const { nodeWidth, nodeHeight } = sizes;
  const { places, paths, width, height, split } = placed;
  assert.deepEqual([...places.keys()].sort(), [...nodes].sort(), 'each node has one place');
  const boxes = nodes.map((name) => ({ name, ...places.get(name) }));
  for (const { name, x, y } of boxes) {
    assert.ok(x >= 0 && y >= 0 && x + nodeWidth <= width && y + nodeHeight <= height, `${name} at ${x}, ${y} is outside of ${width} x ${height}`);
  }
  boxes.forEach((one, at) => boxes.slice(at + 1).forEach((other) => {
    const apart = Math.abs(one.x - other.x) >= nodeWidth || Math.abs(one.y - other.y) >= nodeHeight;
    assert.ok(apart, `${one.name} and ${other.name} overlap`);
  }));
  assert.deepEqual(paths.map((path) => `${path.edge.from}>${path.edge.to}`).sort(), edges.map(({ from, to }) => `${from}>${to}`).sort(), 'each edge has one path');
  for (const { edge: { from, to }, back, points } of paths) {
    const say = `${from}>${to}${back ? ' (back)' : ''} ${JSON.stringify(points)}`;
    const [start, end] = (back ? [to, from] : [from, to]).map((name) => places.get(name));
    const [first, last] = [points[0], points.at(-1)];
    assert.equal(first[0], start.x + nodeWidth, `begins at the right side: ${say}`);
    assert.equal(last[0], end.x, `ends at the left side: ${say}`);
    const paired = edges.some((other) => other.from === to && other.to === from);
    for (const [[, y], place] of [[first, start], [last, end]]) {
      const off = y - (place.y + nodeHeight / 2);
      assert.equal(Math.abs(off), paired ? 8 : 0, `meets the middle of its ends, but for pairs: ${say}`);
    }
    for (let at = 1; at < points.length; at += 1) {
      assert.ok(points[at][0] > points[at - 1][0], `goes to the right: ${say}`);
      // The stretch across a column that it only passes is straight, and keeps clear of the boxes.
      if (at % 2 === 0) {
        const [[left, y], [, after]] = [points[at - 1], points[at]];
        assert.equal(y, after, say);
        const clear = paired ? 15 : 23;
        for (const box of boxes) assert.ok(box.x !== left || y <= box.y - clear || y >= box.y + nodeHeight + clear, `runs too close to ${box.name}: ${say}`);
      }
    }
  }
  const loose = nodes.filter((name) => !edges.some(({ from, to }) => from === name || to === name));
  assert.equal(split !== null, loose.length > 0 && loose.length < nodes.length, 'a line parts what has no calls');
  for (const name of loose) if (split !== null) assert.ok(places.get(name).y > split, `${name} is below the line`);
}

test('a thousand drawn graphs keep the rules, and are laid out the same again', () => {
  for (let seed = 0; seed < 1000; seed += 1) {
    const [nodes, edges, sizes] = drawn(seed);
    Object.freeze(nodes);
    edges.forEach(Object.freeze);
    Object.freeze(edges);
    try {
      const placed = layout(nodes, edges, sizes);
      check(nodes, edges, sizes, placed);
      assert.deepEqual(layout(nodes, edges, sizes), placed, 'the same again');
    } catch (error) {
      error.message = `seed ${seed}: ${nodes.join(' ')} | ${edges.map(({ from, to }) => `${from}>${to}`).join(' ')}: ${error.message}`;
      throw error;
    }
  }
});

/** Returns the nodes of each column, columns from the left and nodes from the top. */
function columns(nodes, edges) {
  const { places } = layout(nodes, edges, SIZES);
  const by = new Map();
  for (const name of nodes) by.set(places.get(name).x, [...(by.get(places.get(name).x) ?? []), name]);
  return [...by].sort(([a], [b]) => a - b).map(([, names]) => names.sort((a, b) => places.get(a).y - places.get(b).y).join(' ')).join(' | ');
}

test('columns and their order', () => {
  for (const [nodes, edges, expected] of [
    ['a', '', 'a'],
    ['a b', 'a>b', 'a | b'],
    ['b a', 'a>b', 'a | b'],
    ['a b c', 'a>b b>c', 'a | b | c'],
    // A call past a layer leaves the layers as they are.
    ['a b c', 'a>b b>c a>c', 'a | b | c'],
    ['a b c d', 'a>b a>c b>d c>d', 'a | b c | d'],
    // Ties are settled by the order of the nodes, whatever the order of the edges.
    ['a c b d', 'a>b a>c b>d c>d', 'a | c b | d'],
    ['a b c d', 'c>d b>d a>c a>b', 'a | b c | d'],
    // A node without callers is next to what it calls, and not at the far left.
    ['a b c x', 'a>b b>c x>c', 'a | b x | c'],
    // A circle is cut where it comes back.
    ['a b c', 'a>b b>c c>a', 'a | b | c'],
    ['a b', 'a>b b>a', 'a | b'],
    // The node without callers comes first although a node of the circle is named first.
    ['b c in', 'in>b b>c c>b', 'in | b | c'],
    // Lines that need not cross do not.
    ['a b x y', 'a>y b>x', 'a b | y x'],
    ['a b c x y z', 'a>z b>y c>x', 'a b c | z y x'],
  ]) assert.equal(columns(...graph(nodes, edges)), expected, `${nodes}: ${edges}`);
});

test('a call against the layers is marked as such', () => {
  const [nodes, edges] = graph('a b c', 'a>b b>c c>a');
  const backs = layout(nodes, edges, SIZES).paths.filter(({ back }) => back).map((path) => `${path.edge.from}>${path.edge.to}`);
  assert.deepEqual(backs, ['c>a']);
});

test('nodes without calls are a grid as even as its rows allow', () => {
  const rows = (count, width) => {
    const nodes = Array.from({ length: count }, (_, at) => `n${at}`);
    const { places } = layout(nodes, [], { ...SIZES, width });
    const by = new Map();
    for (const { y } of places.values()) by.set(y, (by.get(y) ?? 0) + 1);
    return [...by].sort(([a], [b]) => a - b).map(([, n]) => n).join(' ');
  };
  for (const [count, width, expected] of [
    [1, 800, '1'], [4, 800, '4'], [5, 800, '5'], [6, 800, '3 3'], [7, 800, '4 3'], [3, 100, '1 1 1'],
    // More than sixteen are at least two abreast, also on a narrow screen.
    [17, 100, '2 2 2 2 2 2 2 2 1'],
  ]) assert.equal(rows(count, width), expected, `${count} on ${width}`);
});

test('nothing to lay out', () => {
  assert.deepEqual(layout([], [], SIZES), { width: 0, height: 0, places: new Map(), paths: [], split: null });
});
