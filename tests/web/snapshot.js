// Compares a text with the file that pins it. `UPDATE=1 tests/e2e/web_units.sh` writes the file anew.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './scenarios.js';

/** Fails at the first line in which `text` differs from `tests/web/snapshots/NAME`. */
export function pinned(name, text) {
  const path = join(ROOT, 'tests/web/snapshots', name);
  if (process.env.UPDATE) return writeFileSync(path, text);
  assert.ok(existsSync(path), `${path} is missing: UPDATE=1 tests/e2e/web_units.sh writes it`);
  const [wanted, found] = [readFileSync(path, 'utf8').split('\n'), text.split('\n')];
  const at = wanted.findIndex((line, index) => line !== found[index]);
  const hint = 'read the difference; if it is meant, UPDATE=1 tests/e2e/web_units.sh accepts it';
  if (at >= 0) assert.fail(`${name}, line ${at + 1}\n  pinned ${wanted[at]}\n  found  ${found[at]}\n${hint}`);
  assert.equal(found.length, wanted.length, `${name} has more lines than are pinned; ${hint}`);
}
