// Reads the series of metrics of generated incidents, as pure functions of texts.

/**
 * A series is a label, a unit, its grid and its values. The last value is of now and lies off the grid:
 * `failed requests{node="node-x"} (%), every 10 min to 17:00 and at 17:03: 0.1 0.3 … 6.2`.
 */
const SERIES = /^(.*), every (\d+) min to (\d\d:\d\d)(?: and at (\d\d:\d\d))?: (-?[\d.]+(?: -?[\d.]+)*)$/;
const UNIT = / \(([^()]*)\)$/;
/** Labels stand in braces behind the name of a metric. Their values may hold braces, commas and colons. */
const LABELS = /^([^{]*)\{(.*)\}$/;
const LABEL = /([\w.]+)="((?:[^"\\]|\\.)*)"/g;
const DAY = 24 * 60;

const minutes = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
/** Returns a minute of a day as `17:03`. A day begins again after its last minute. */
export const clock = (minute) => {
  const of = ((minute % DAY) + DAY) % DAY;
  return `${String(Math.floor(of / 60)).padStart(2, '0')}:${String(of % 60).padStart(2, '0')}`;
};

/**
 * Returns the series that a record is, or null: its `metric`, `labels` (pairs), `unit`, `values`, and the minutes of these, `at`, in which
 * midnight is no step back.
 */
export function series(text) {
  const found = SERIES.exec(text);
  if (!found) return null;
  const [, name, every, last, now] = found;
  const values = found[5].split(' ').map(Number);
  if (!values.every(Number.isFinite)) return null;
  const unit = UNIT.exec(name);
  const plain = unit ? name.slice(0, unit.index) : name;
  const labelled = LABELS.exec(plain);
  const end = minutes(last);
  const grid = now ? values.length - 1 : values.length;
  const at = Array.from({ length: grid }, (_, index) => end - (grid - 1 - index) * Number(every));
  if (now) at.push(minutes(now) < end ? minutes(now) + DAY : minutes(now));
  return {
    metric: labelled ? labelled[1] : plain,
    labels: labelled ? [...labelled[2].matchAll(LABEL)].map(([, key, value]) => [key, value]) : [],
    unit: unit ? unit[1] : '',
    values, at,
  };
}

/**
 * Returns the series that are drawn together: those of one metric and unit that differ in labels, as `{ metric, unit, by, lines }`.
 * `by` are the labels that are not the same in all, and the `name` of each line is its values of these.
 */
export function splits(all) {
  const groups = new Map();
  for (const one of all) {
    const key = `${one.metric}\n${one.unit}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].filter((group) => group.length > 1 && group.every(({ labels }) => labels.length)).map((group) => {
    const same = (key, value) => group.every(({ labels }) => labels.some(([other, its]) => other === key && its === value));
    const lines = group.map((one) => {
      const own = one.labels.filter(([key, value]) => !same(key, value));
      return { ...one, own, name: own.map(([, value]) => value).join(', ') };
    });
    const by = [...new Set(lines.flatMap(({ own }) => own.map(([key]) => key)))];
    return { metric: group[0].metric, unit: group[0].unit, by, lines: lines.map(({ own: _, ...line }) => line) };
  });
}
