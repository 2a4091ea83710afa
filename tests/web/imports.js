// Reads which file of the page imports which, from the texts alone.

import { posix } from 'node:path';

const IMPORTS = /\bimport\s+(?:(\*\s+as\s+\w+|\w+|\{[^}]*\})\s+from\s+)?'([^']+)'|\bimport\('([^']+)'\)|\bexport\s+(?:\{[^}]*\}|\*)\s+from\s+'([^']+)'/g;

/** Returns what a file imports: `{ from, names, later }`, with paths within `web/`. `later` is true for `import(…)`. */
export function importsOf(path, text) {
  return [...text.replace(/^\s*\/\/.*$/gm, '').matchAll(IMPORTS)].map(([, names = '', now, later, again]) => ({
    from: posix.normalize(posix.join(posix.dirname(path), now ?? later ?? again)),
    names: names.startsWith('{') ? names.slice(1, -1).split(',').map((one) => one.trim().split(/\s+as\s+/)[0]).filter(Boolean) : [],
    later: later !== undefined,
  }));
}

/** Returns the names that a file exports. */
export function exportsOf(text) {
  return [...text.matchAll(/^export (?:async )?(?:function\*?|const|let|class) (\w+)/gm)].map(([, name]) => name);
}

/** Returns a circle of imports as a list of files whose first is also its last, or null. `files` maps a path to the text of the file. */
export function circle(files) {
  const done = new Set();
  const visit = (path, way) => {
    const at = way.indexOf(path);
    if (at >= 0) return [...way.slice(at), path];
    if (done.has(path) || !files.has(path)) return null;
    for (const { from } of importsOf(path, files.get(path))) {
      const found = visit(from, [...way, path]);
      if (found) return found;
    }
    done.add(path);
    return null;
  };
  for (const path of files.keys()) {
    const found = visit(path, []);
    if (found) return found;
  }
  return null;
}
