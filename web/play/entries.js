// Parts a text of evidence into its entries: a record may have several lines, of which only the first has an id.

const RECORD = /^\[(e-[0-9a-z]+)\] (.*)$/;
/** The newest lines of a log of a program are often an exception with its stack. This many lines of an entry are shown at once. */
export const SHOWN = 3;

/**
 * Returns the entries of a text: `{ id, lines }`. Lines without an id belong to the record above them. In a text without ids each line is
 * an entry, and its id is null.
 */
export function entries(text) {
  const lines = text.replace(/\n+$/, '').split('\n');
  if (!lines.some((line) => RECORD.test(line))) return lines.map((line) => ({ id: null, lines: [line] }));
  const found = [];
  for (const line of lines) {
    const record = RECORD.exec(line);
    if (record) found.push({ id: record[1], lines: [record[2]] });
    else if (found.length) found.at(-1).lines.push(line);
    else found.push({ id: null, lines: [line] });
  }
  return found;
}

/** Returns the lines of an entry that are shown, and those that are folded. A single line more is not worth a fold. */
export function folded(lines) {
  return lines.length > SHOWN + 1 ? [lines.slice(0, SHOWN), lines.slice(SHOWN)] : [lines, []];
}

/** A line longer than this is cut there, if that saves something: an object of JSON may fill half a screen. */
const LONG = 700;

/** Returns the beginning of a line, and the rest that is folded. */
export function cut(line) {
  if (line.length <= LONG * 1.3) return [line, ''];
  // A cut must not part the two halves of a character.
  const at = /[\uD800-\uDBFF]/.test(line[LONG - 1]) ? LONG - 1 : LONG;
  return [line.slice(0, at), line.slice(at)];
}

/** A record of the list of all services, `svc-a: kind api, zone-a, on node-x, runs PostgreSQL 15.6, users come in here`. */
const CATALOGUE = /^(\S+): kind (\w+), (zone-\w+)(?:, on ([^\s,]+))?(?:, runs (.+))?$/;
/** A record of a change, with the service in the list of all: `chg-12156 svc-a 22:23 (6 min ago), config: revision 392`. */
const CHANGE = /^(chg-\d+) (?:([a-z]\S*) )?(\d\d:\d\d) \(([^)]*)\), (\w+): (.*)$/;
/** A record of a call: `svc-a -> svc-b (sync): failing, 12.5 % of calls fail (timeout), p99 8.0 ms`. */
const CALL = /^(\S+ -> \S+) \((.*?)\): (\w+), ([\d.]+ % of calls fail.*)$/;

/** Returns the cells of a record that is a row of a table: of the catalogue, of changes or of calls. Null if it is none. */
export function cells(line) {
  for (const pattern of [CATALOGUE, CHANGE, CALL]) {
    const found = pattern.exec(line);
    if (found) return found.slice(1).map((cell) => cell ?? '');
  }
  return null;
}
