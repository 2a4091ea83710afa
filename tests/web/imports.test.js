// Tests the imports of the page: they have no circle, each name is exported, and each file is needed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import test from 'node:test';
import { circle, exportsOf, importsOf } from './imports.js';
import { ROOT, filesOf } from './scenarios.js';

const WEB = join(ROOT, 'web');
const PATHS = filesOf(WEB);
const FILES = new Map(PATHS.filter((path) => path.endsWith('.js')).map((path) => [path, readFileSync(join(WEB, path), 'utf8')]));

/** Says which folders a folder may import from, besides itself. The folder of app.js is called `.`. */
const LAYERS = {
  lib: [],
  charts: ['lib'],
  play: ['lib'],
  runs: ['charts', 'lib'],
  episode: ['lib', 'runs'],
  '.': ['episode', 'lib', 'play', 'runs'],
};

test('no file imports itself by way of others, not even later', () => {
  assert.ok(FILES.size > 25, `${FILES.size} files`);
  assert.equal(circle(FILES), null);
});

test('a circle is found, however it is closed', () => {
  const made = (...pairs) => new Map(pairs);
  const cases = [
    [made(['a.js', "import { b } from './b.js';"], ['b.js', "import { a } from './a.js';"]), ['a.js', 'b.js', 'a.js']],
    [made(['a.js', "import './a.js';"]), ['a.js', 'a.js']],
    [made(['app.js', "const view = () => import('./play/x.js');"], ['play/x.js', "import * as app from '../app.js';"]), ['app.js', 'play/x.js', 'app.js']],
    [made(['a.js', "import {\n  b,\n  c as d,\n} from './lib/b.js';"], ['lib/b.js', "export { c } from './c.js';"], ['lib/c.js', "import a from '../a.js';"]),
      ['a.js', 'lib/b.js', 'lib/c.js', 'a.js']],
    // The file that the search begins at need not be part of the circle.
    [made(['a.js', "import './b.js';"], ['b.js', "import './c.js';"], ['c.js', "import './b.js';"]), ['b.js', 'c.js', 'b.js']],
    [made(['a.js', "// import './a.js';\nimport './b.js';"], ['b.js', '']), null],
    [made(['a.js', "import './b.js'; import './c.js';"], ['b.js', "import './c.js';"], ['c.js', '']), null],
  ];
  for (const [files, expected] of cases) assert.deepEqual(circle(files), expected);
});

test('a real file that imports one of its users is found', () => {
  const broken = new Map(FILES);
  broken.set('lib/dom.js', `import { words } from './words.js';\n${FILES.get('lib/dom.js')}`);
  assert.deepEqual(circle(broken), ['lib/dom.js', 'lib/words.js', 'lib/dom.js']);
});

test('folders import along their layers', () => {
  for (const [path, text] of FILES) {
    const folder = posix.dirname(path);
    for (const { from } of importsOf(path, text)) {
      const to = posix.dirname(from);
      assert.ok(to === folder || LAYERS[folder].includes(to), `${path} imports ${from}`);
    }
  }
});

test('every import has its file and its names', () => {
  let count = 0;
  for (const [path, text] of FILES) {
    for (const { from, names } of importsOf(path, text)) {
      assert.ok(FILES.has(from), `${path} imports ${from}, which does not exist`);
      const offered = exportsOf(FILES.get(from));
      for (const name of names) assert.ok(offered.includes(name), `${path} imports ${name}, which ${from} does not export`);
      count += names.length;
    }
  }
  assert.ok(count > 100, `${count} names`);
});

test('no import is unused, and every file is needed', () => {
  const page = readFileSync(join(WEB, 'index.html'), 'utf8');
  const needed = new Set([...page.matchAll(/"web\/([^"]+)"/g)].map(([, path]) => path));
  needed.add('index.html');
  for (const path of needed) for (const { from } of FILES.has(path) ? importsOf(path, FILES.get(path)) : []) needed.add(from);
  assert.deepEqual(PATHS.filter((path) => !needed.has(path)), []);
  for (const [path, text] of FILES) {
    const body = text.replace(/^import .*$|^\s*(?:\/\/|\/?\*).*$/gm, '');
    for (const { names } of importsOf(path, text)) for (const name of names) assert.match(body, new RegExp(`\\b${name}\\b`), `${path} imports ${name} and does not use it`);
  }
});

test('every module says what it is, and can be loaded', async () => {
  const { browser } = await import('./fake-dom.js');
  browser();
  for (const [path, text] of FILES) {
    assert.match(text, /^\/\/ [^\n]{20,}/, path);
    // app.js shows a view as soon as it is loaded.
    if (path !== 'app.js') await import(`../../web/${path}`);
  }
});
