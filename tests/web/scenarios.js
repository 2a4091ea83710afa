// Reads the evidence texts of the embedded scenarios for the tests, without a TOML library.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. It is two folders above this file. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Returns all files below a folder by their paths within it, sorted. */
export function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory()
    ? filesOf(join(folder, entry.name)).map((name) => `${entry.name}/${name}`) : [entry.name])).sort();
}

/** Returns the folder of the embedded scenarios, which is in the crate `incident-env` or at the root. */
function scenarioFolder() {
  const found = ['crates/incident-env/scenarios', 'scenarios'].map((folder) => join(ROOT, folder)).find((folder) => existsSync(folder));
  if (!found) throw new Error('no folder of scenarios was found');
  return found;
}

/**
 * Returns the embedded scenarios: `{ id, task, services, facts, evidence }` and their other keys, where `evidence` holds
 * `{ action, target, when, text }` in the order of the file.
 */
export function scenarios() {
  const folder = scenarioFolder();
  return filesOf(folder).filter((name) => name.endsWith('.toml') && name.includes('/')).map((name) => read(readFileSync(join(folder, name), 'utf8'), name));
}

/** Returns the text that a service shows in a state of the world, which is a set of facts: the first variant whose guard holds. */
export function textOf({ evidence }, action, target, facts = {}) {
  const holds = (guard) => (guard.startsWith('!') ? !facts[guard.slice(1)] : facts[guard]);
  return evidence.find((one) => one.action === action && one.target === target && one.when.every(holds))?.text;
}

/** Reads the few forms of TOML that the files use. Any other line is an error, so that no text is left out unnoticed. */
export function read(source, file) {
  const top = {};
  const evidence = [];
  let into = top;
  let rest = source;
  const take = (pattern) => {
    const found = pattern.exec(rest);
    if (found) rest = rest.slice(found[0].length);
    return found;
  };
  while (rest !== '') {
    const head = take(/^\[(\[?)([^\]\n]+)\]\]?[ \t]*(?:#.*)?\n?/);
    if (head) {
      const [kind, action, target] = head[2].split('.');
      into = {};
      if (kind === 'facts') top.facts = into;
      if (kind === 'evidence') {
        into = { action, target, when: [], text: '' };
        evidence.push(into);
      }
      continue;
    }
    const pair = take(/^([a-z_]+)[ \t]*=[ \t]*/);
    if (pair) {
      into[pair[1]] = value();
      take(/^[ \t]*(?:#.*)?(?:\n|$)/);
    } else if (!take(/^[ \t]*(?:#.*)?(?:\n|$)/)) throw new Error(`${file}: cannot read ${rest.slice(0, 60)}`);
  }
  return { ...top, evidence };

  function value() {
    const long = take(/^'''\n?([\s\S]*?)'''/);
    if (long) return long[1];
    const folded = take(/^"""\n?([\s\S]*?)"""/);
    if (folded) return JSON.parse(`"${folded[1].replace(/\\\n\s*/g, '').replaceAll('\n', '\\n')}"`);
    const text = take(/^"(?:[^"\\\n]|\\.)*"/);
    if (text) return JSON.parse(text[0]);
    const plain = take(/^(?:true|false|[+-]?[\d_]+(?:\.\d+)?)/);
    if (plain) return JSON.parse(plain[0].replaceAll('_', ''));
    if (!take(/^\[/)) throw new Error(`${file}: cannot read the value ${rest.slice(0, 60)}`);
    const list = [];
    for (;;) {
      while (take(/^(?:[ \t\n,]+|#.*\n)/));
      if (take(/^\]/)) return list;
      list.push(value());
    }
  }
}
