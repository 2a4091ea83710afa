// What the evidence has shown about the services, as pure functions of texts. What no text says stays unknown. The words that the texts
// are read by are in signs.js.

import { entries } from './entries.js';
import { series } from './series.js';
import * as signs from './signs.js';

/** How bad each state is. Of several readings of a service the worst counts. */
const RANK = { unknown: 0, healthy: 1, degraded: 2, down: 3 };
/** The actions whose texts say how well a service is. */
const LOOKS = ['check_service_status', 'check_metrics'];

/** Looks without a service are kept under this name. */
export const SYSTEM = 'system';

const worst = (readings) => readings.reduce((a, b) => (RANK[b.state] > RANK[a.state] ? b : a));

/**
 * Returns what is known after these steps: `nodes` by name (`state`, `why`, `stale`, `looked`, `kind`, `runs`), and `edges` (`from`, `to`,
 * `state`, `why`, and `reason` if calls fail). A step has `action`, `group`, and `evidence` (`target`, `text`) if it brought any. A state is stale if something
 * was changed after it was read.
 */
export function known(services, steps) {
  const names = new Set(services);
  const readings = new Map(services.map((name) => [name, new Map()]));
  const about = kinds(steps);
  const looked = new Set();
  const edges = new Map();
  let changed = -1;
  steps.forEach((step, at) => {
    if (!step.evidence) return;
    const { target, text } = step.evidence;
    if (step.group === 'remediation' && !signs.LOOKING_STEP.test(target)) changed = at;
    // A look with parameters is kept under the service and the parameters. It says less than the whole, so it gives no state.
    const [part] = target.split(' ');
    if (step.group === 'diagnostic' && names.has(part)) looked.add(part);
    if (!names.has(target)) return;
    const said = LOOKS.includes(step.action) ? reading(step.action, text) : null;
    if (said) readings.get(target).set(step.action, { ...said, at });
    for (const edge of relations(step.action, target, text, names)) {
      const key = `${edge.from}\n${edge.to}`;
      const before = edges.get(key);
      // A name in a log or in a list of callers does not replace a measured call.
      if (!before || edge.state !== 'unknown') edges.set(key, edge);
    }
  });
  const nodes = new Map(services.map((name) => {
    let of = [...readings.get(name).values()];
    const fresh = of.filter((one) => one.at > changed);
    const stale = of.length > 0 && fresh.length === 0;
    if (fresh.length) of = fresh;
    const { state, why } = worst([{ state: 'unknown', why: '' }, ...of]);
    return [name, { state, why, stale: stale && state !== 'unknown', looked: looked.has(name), ...about.get(name) }];
  }));
  return { nodes, edges: [...edges.values()] };
}

/** Returns what statuses and the list of all services say about services by name: their `kind`, and what they run, `runs`. */
export function kinds(steps) {
  const found = new Map();
  const tell = (name, kind, line) => found.set(name, { kind, runs: signs.RECORD_RUNS.exec(line)?.[1] });
  for (const { action, evidence } of steps) {
    if (action !== 'check_service_status' || !evidence) continue;
    const { target, text } = evidence;
    if (target === SYSTEM) for (const [line, name, kind] of text.matchAll(signs.RECORD_CATALOGUE)) tell(name, kind, line);
    const kind = signs.RECORD_KIND.exec(text);
    if (kind) tell(target, kind[1], text);
  }
  return found;
}

/** Returns the state that the status or the metrics of a service say it is in, as `{ state, why }`; null if they say none. */
export function reading(action, text) {
  if (signs.NO_ANSWER.test(text)) return null;
  if (signs.RECORDS.test(text)) return action === 'check_service_status' ? recordStatus(text) : recordMetrics(text);
  return action === 'check_service_status' ? tableStatus(text) : tableMetrics(text);
}

function recordStatus(text) {
  const said = signs.RECORD_STATE.exec(text);
  if (!said) return null;
  return { state: said[1] === 'failing' ? 'down' : said[1], why: `its status says ${said[1]}` };
}

/** Reads series of points: the last share of failed requests decides, else the last response time against the shortest. */
function recordMetrics(text) {
  const all = entries(text).map(({ lines }) => series(lines[0])).filter((one) => one && one.labels.length === 0);
  const points = (label) => all.find(({ metric, unit }) => `${metric} (${unit})` === label)?.values;
  const failed = points(signs.RECORD_SERIES.failed);
  if (!failed) return null;
  const last = failed.at(-1);
  const why = `${last} % of its requests fail`;
  if (last >= 40) return { state: 'down', why };
  if (last >= 2) return { state: 'degraded', why };
  const times = points(signs.RECORD_SERIES.times);
  if (times && times.at(-1) > 3 * Math.min(...times)) return { state: 'degraded', why: `its p99 went to ${times.at(-1)} ms` };
  return times && last < 1 ? { state: 'healthy', why: `${why}, response times as before` } : null;
}

function tableStatus(text) {
  const ready = signs.READY.exec(text);
  if (!ready) return null;
  const [is, of] = [Number(ready[1]), Number(ready[2])];
  if (is === 0 && of > 0) return { state: 'down', why: `${ready[0]}` };
  const trouble = text.split('\n').find((line) => signs.TROUBLE.some((pattern) => pattern.test(line)));
  const restarts = signs.RESTARTS.exec(text);
  if (is < of) return { state: 'degraded', why: ready[0] };
  if (trouble) return { state: 'degraded', why: trouble.replace(/\s+/g, ' ').slice(0, 90) };
  if (restarts) return { state: 'degraded', why: `${restarts[1]} restarts in 15 minutes` };
  return { state: 'healthy', why: `${ready[0]}, nothing else said` };
}

const number = (text) => {
  const found = signs.NUMBER.exec(text);
  return found ? Number(found[0].replace(/[ ,]/g, '')) : NaN;
};
const ratio = (text) => {
  const found = signs.PART.exec(text);
  return found ? [Number(found[1]), Number(found[2])] : null;
};

/** Reads rows of a name, a value and the baseline of the value. */
function tableMetrics(text) {
  const rows = [...text.matchAll(signs.METRIC_ROW)].map(([, name, now, usual]) => ({ name, now, usual }));
  if (!rows.length) return null;
  const bad = [];
  let same = true;
  for (const { name, now, usual } of rows) {
    const [is, was] = [number(now), number(usual)];
    const [part, before] = [ratio(now), ratio(usual)];
    const percent = signs.PERCENT.test(now) && signs.PERCENT.test(usual);
    const why = `${name} ${now.replace(/\s{2,}.*/, '')}`;
    const say = (state, bare = false) => bad.push({ state, why, bare });
    if (percent && signs.METRIC.success.test(name)) {
      if (is <= 5 && was > 50) say('down');
      else if (is < was - 2) say('degraded');
    } else if (percent && signs.METRIC.failure.test(name)) {
      // Only the share of all requests says that a service answers none.
      const bare = signs.METRIC.ofAllRequests.test(name);
      if (is >= 50 && was < 5) say(bare ? 'down' : 'degraded', bare);
      else if (is > Math.max(1, 3 * was)) say('degraded', bare);
    } else if (signs.METRIC.incident.test(name) && is > 0 && was === 0) say('degraded');
    else if (part && before && before[0] === before[1] && part[0] < part[1]) say('degraded');
    else if (part && before && part[0] >= part[1] * 0.99 && before[0] < before[1] / 2) say('degraded');
    const near = Number.isNaN(was) || Number.isNaN(is) || Math.abs(is - was) <= 1 || (is <= was * 1.5 && is >= was / 1.5);
    same &&= near;
  }
  if (bad.length) {
    const successes = rows.filter(({ name }) => signs.METRIC.success.test(name)).length;
    const gone = bad.filter(({ state, bare }) => state === 'down' && !bare).length;
    const bare = rows.some(({ name }) => signs.METRIC.ofAllRequests.test(name));
    // A service is not down if only one of several things that it does fails, or if the share of all its requests says otherwise.
    const found = worst(bad.map((one) => (one.state === 'down' && !one.bare && (bare || gone < successes) ? { ...one, state: 'degraded' } : one)));
    return { state: found.state, why: found.why };
  }
  return same ? { state: 'healthy', why: 'its metrics are near their baselines' } : null;
}

/** Returns who calls whom by this text, as edges whose `state` is `ok`, `slow`, `failing` or `unknown`. */
export function relations(action, self, text, names) {
  if (action === 'check_dependencies') return dependencies(self, text, names);
  if (action === 'query_logs') return named(self, text, names);
  return [];
}

function dependencies(self, text, names) {
  const found = [];
  const add = (from, to, state, why, reason) => {
    if (from === to || !names.has(from) || !names.has(to)) return;
    const before = found.find((edge) => edge.from === from && edge.to === to);
    if (!before) found.push({ from, to, state, why, ...(reason && { reason }) });
    else if (before.state !== state && state !== 'unknown') {
      // A call that fails on one of several paths works in part.
      before.state = before.state === 'unknown' ? state : 'slow';
      before.why = `${before.why}; ${why}`;
    }
  };
  for (const line of text.split('\n')) {
    const record = signs.RECORD_CALL.exec(line);
    if (record) {
      add(record[1], record[2], record[3], record[4], signs.RECORD_REASON.exec(record[4])?.[1]);
      continue;
    }
    const callers = signs.CALLERS.exec(line);
    if (callers) {
      for (const caller of callers[1].split(',')) add(caller.trim().split(' ')[0], self, 'unknown', '');
      continue;
    }
    const to = signs.CALLED.exec(line)?.[1];
    if (!to || !names.has(to)) continue;
    const state = signs.CALL_STATE.exec(line)?.[1];
    const error = signs.CALL_ERRORS.exec(line)?.[1];
    add(self, to, signs.CALL[state] ?? 'unknown', [state, error && `${error} fail`].filter(Boolean).join(', '));
  }
  return found;
}

function named(self, text, names) {
  const found = new Map();
  const collect = (patterns, edge) => {
    for (const pattern of patterns) {
      for (const [, other] of text.matchAll(pattern)) {
        if (other !== self && names.has(other)) found.set(`${edge(other)}`, { from: edge(other)[0], to: edge(other)[1], state: 'unknown', why: 'named in a log' });
      }
    }
  };
  collect(signs.CALLS_OUT, (other) => [self, other]);
  collect(signs.CALLS_IN, (other) => [other, self]);
  return [...found.values()];
}

/** Returns the ids of jobs, certificates, changes and flags that a text names, in the order of their appearance. */
export function ids(text) {
  return [...new Set(text.match(signs.IDS) || [])];
}

/** Returns the versions of deploys that a text of `check_recent_deploys` names. */
export function versions(text) {
  return [...new Set(text.match(signs.VERSIONS) || [])];
}
