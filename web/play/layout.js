// Places the parts of the service map in layers, from callers on the left to what they call. It is pure: the same graph has the same layout.

/** The gap between layers is within these bounds, in pixels, and as wide as there is room. */
const GAP_X = [18, 48];
const GAP_Y = 14;
/** An edge that passes a layer takes this much of its height, in pixels. */
const LANE = 18;

/**
 * Returns the layout of `nodes` (names, in the order that settles ties) and `edges` (`from`, `to`): `places` by name, `paths` with the points
 * of each edge, `split` (the y below which nodes without edges are in a grid, or null), and the `width` and `height` of it all.
 */
export function layout(nodes, edges, { width, nodeWidth, nodeHeight }) {
  const rank = new Map(nodes.map((name, at) => [name, at]));
  const linked = nodes.filter((name) => edges.some(({ from, to }) => from === name || to === name));
  const loose = nodes.filter((name) => !linked.includes(name));
  const places = new Map();
  const paths = [];
  let [right, bottom] = [0, 0];

  if (linked.length) {
    const forward = acyclic(linked, edges);
    const layer = layers(linked, forward);
    const { columns, chains } = threads(linked, forward, layer);
    order(columns, chains, rank);
    const size = (cell) => (cell.name ? nodeHeight : LANE) + GAP_Y;
    const gap = Math.floor(Math.min(GAP_X[1], Math.max(GAP_X[0], (width - columns.length * nodeWidth) / Math.max(1, columns.length - 1))));
    const heights = columns.map((column) => column.reduce((sum, cell) => sum + size(cell), 0));
    const tallest = Math.max(...heights);
    columns.forEach((column, at) => {
      let y = (tallest - heights[at]) / 2;
      for (const cell of column) {
        cell.x = at * (nodeWidth + gap);
        cell.y = y;
        cell.mid = y + (size(cell) - GAP_Y) / 2;
        if (cell.name) places.set(cell.name, { x: cell.x, y });
        y += size(cell);
      }
    });
    for (const { edge, back, cells } of chains) {
      const points = cells.flatMap((cell, at) => {
        const [left, end] = [[cell.x, cell.mid], [cell.x + nodeWidth, cell.mid]];
        return at === 0 ? [end] : at === cells.length - 1 ? [left] : [left, end];
      });
      // Two services that call each other have two lines, which must not lie on each other.
      const paired = chains.some((other) => other.edge.from === edge.to && other.edge.to === edge.from);
      const shift = paired ? (back ? 8 : -8) : 0;
      paths.push({ edge, back, points: points.map(([x, y]) => [x, y + shift]) });
    }
    right = columns.length * (nodeWidth + gap) - gap;
    bottom = tallest - GAP_Y;
  }

  const split = loose.length && linked.length ? bottom + 20 : null;
  if (loose.length) {
    const top = split === null ? 0 : split + 28;
    const gap = 12;
    const fit = Math.max(loose.length > 16 ? 2 : 1, Math.floor((width + gap) / (nodeWidth + gap)));
    const rows = Math.ceil(loose.length / fit);
    // The rows are as even as possible, so that the last row does not hold a single node.
    const across = Math.ceil(loose.length / rows);
    loose.forEach((name, at) => {
      places.set(name, { x: (at % across) * (nodeWidth + gap), y: top + Math.floor(at / across) * (nodeHeight + gap) });
    });
    right = Math.max(right, across * (nodeWidth + gap) - gap);
    bottom = top + rows * (nodeHeight + gap) - gap;
  }
  return { width: right, height: bottom, places, paths, split };
}

/** Returns the edges, with those turned round that would close a circle. */
function acyclic(nodes, edges) {
  const out = new Map(nodes.map((name) => [name, edges.filter(({ from }) => from === name)]));
  const called = new Set(edges.map(({ to }) => to));
  const state = new Map();
  const found = [];
  const visit = (name) => {
    state.set(name, 'open');
    for (const edge of out.get(name)) {
      const back = state.get(edge.to) === 'open';
      found.push(back ? { edge, back, from: edge.to, to: edge.from } : { edge, back, from: edge.from, to: edge.to });
      if (!state.has(edge.to)) visit(edge.to);
    }
    state.set(name, 'done');
  };
  for (const name of [...nodes.filter((one) => !called.has(one)), ...nodes]) if (!state.has(name)) visit(name);
  return found;
}

/** Returns the layer of each node: right of all nodes that call it, and no farther left of what it calls than necessary. */
function layers(nodes, edges) {
  const layer = new Map(nodes.map((name) => [name, 0]));
  for (let moved = true; moved;) {
    moved = false;
    for (const { from, to } of edges) {
      if (layer.get(to) <= layer.get(from)) {
        layer.set(to, layer.get(from) + 1);
        moved = true;
      }
    }
  }
  for (const name of nodes) {
    if (edges.some(({ to }) => to === name)) continue;
    layer.set(name, Math.min(...edges.filter(({ from }) => from === name).map(({ to }) => layer.get(to))) - 1);
  }
  return layer;
}

/** Returns the columns of cells, and for each edge the cells that it passes: an edge across several layers has a cell in each of them. */
function threads(nodes, edges, layer) {
  const columns = Array.from({ length: Math.max(...layer.values()) + 1 }, () => []);
  const cells = new Map();
  for (const name of nodes) {
    const cell = { name, beside: [] };
    cells.set(name, cell);
    columns[layer.get(name)].push(cell);
  }
  const chains = edges.map(({ edge, back, from, to }) => {
    const chain = [cells.get(from)];
    for (let at = layer.get(from) + 1; at < layer.get(to); at += 1) {
      const lane = { name: null, beside: [] };
      columns[at].push(lane);
      chain.push(lane);
    }
    chain.push(cells.get(to));
    for (let at = 1; at < chain.length; at += 1) {
      chain[at].beside.push(chain[at - 1]);
      chain[at - 1].beside.push(chain[at]);
    }
    return { edge, back, cells: chain };
  });
  return { columns, chains };
}

/** Orders the cells of each column by the mean position of their neighbours, and keeps the order with the fewest crossings. */
function order(columns, chains, rank) {
  columns.forEach((column) => column.sort((a, b) => (rank.get(a.name) ?? 1e9) - (rank.get(b.name) ?? 1e9)));
  const number = () => columns.forEach((column, at) => column.forEach((cell, place) => Object.assign(cell, { at, place, middle: place - column.length / 2 })));
  number();
  let best = null;
  for (let sweep = 0; sweep < 12; sweep += 1) {
    const crossed = crossings(chains);
    if (!best || crossed < best.crossed) best = { crossed, columns: columns.map((column) => [...column]) };
    if (crossed === 0) break;
    const down = sweep % 2 === 0;
    for (const column of down ? columns : [...columns].reverse()) {
      for (const cell of column) {
        const near = cell.beside.filter((other) => (down ? other.at < cell.at : other.at > cell.at));
        cell.pull = near.length ? near.reduce((sum, other) => sum + other.middle, 0) / near.length : cell.middle;
      }
      column.sort((a, b) => a.pull - b.pull || a.place - b.place);
      column.forEach((cell, place) => Object.assign(cell, { place, middle: place - column.length / 2 }));
    }
  }
  best.columns.forEach((column, at) => { columns[at].splice(0, Infinity, ...column); });
  number();
}

function crossings(chains) {
  const byLayer = new Map();
  for (const { cells } of chains) {
    for (let at = 1; at < cells.length; at += 1) {
      const list = byLayer.get(cells[at].at) || [];
      list.push([cells[at - 1].place, cells[at].place]);
      byLayer.set(cells[at].at, list);
    }
  }
  let found = 0;
  for (const list of byLayer.values()) {
    for (let one = 0; one < list.length; one += 1) {
      for (let two = one + 1; two < list.length; two += 1) {
        if ((list[one][0] - list[two][0]) * (list[one][1] - list[two][1]) < 0) found += 1;
      }
    }
  }
  return found;
}
