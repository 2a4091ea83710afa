// What the evidence has shown about the services: pure functions of texts, and what is not said stays unknown.

/** How bad a state is; of several readings the worst counts. */
const RANK = { unknown: 0, healthy: 1, degraded: 2, down: 3 };
const LOOKS = ['check_service_status', 'check_metrics'];
/** Steps of runbooks that look and change nothing. */
const LOOKS_ONLY = /^(verify|check)_/;

const worst = (readings) => readings.reduce((a, b) => (RANK[b.state] > RANK[a.state] ? b : a));

/**
 * What is known after these steps: `nodes` by name (`state`, `why`, `stale`, `looked`, `kind`), and `edges` (`from`, `to`,
 * `state`, `why`). A step has `action`, `group`, and `evidence` (`target`, `text`) where it brought any.
 */
export function known(services, steps) {
  const names = new Set(services);
  const readings = new Map(services.map((name) => [name, new Map()]));
  const kinds = new Map();
  const looked = new Set();
  const edges = new Map();
  let changed = -1;
  steps.forEach((step, at) => {
    if (!step.evidence) return;
    const { target, text } = step.evidence;
    if (step.group === 'remediation' && !LOOKS_ONLY.test(target)) changed = at;
    if (!names.has(target)) return;
    if (step.group === 'diagnostic') looked.add(target);
    const said = LOOKS.includes(step.action) ? reading(step.action, text) : null;
    if (said) readings.get(target).set(step.action, { ...said, at });
    const kind = /: \w+; kind (\w+)/.exec(text);
    if (step.action === 'check_service_status' && kind) kinds.set(target, kind[1]);
    for (const edge of relations(step.action, target, text, names)) {
      const key = `${edge.from}\n${edge.to}`;
      const before = edges.get(key);
      // A name in a log, or in a list of callers, takes nothing away from a measured call.
      if (!before || edge.state !== 'unknown') edges.set(key, edge);
    }
  });
  const nodes = new Map(services.map((name) => {
    let of = [...readings.get(name).values()];
    const fresh = of.filter((one) => one.at > changed);
    const stale = of.length > 0 && fresh.length === 0;
    if (fresh.length) of = fresh;
    const { state, why } = worst([{ state: 'unknown', why: '' }, ...of]);
    return [name, { state, why, stale: stale && state !== 'unknown', looked: looked.has(name), kind: kinds.get(name) }];
  }));
  return { nodes, edges: [...edges.values()] };
}

/** The state that a status or metrics say of the service that they are of; null where they say none. */
export function reading(action, text) {
  // A tool that gives no answer says nothing about what it was to look at.
  if (/no answer within/.test(text)) return null;
  if (/^\[e-[0-9a-f]+\]/m.test(text)) return action === 'check_service_status' ? recordStatus(text) : recordMetrics(text);
  return action === 'check_service_status' ? tableStatus(text) : tableMetrics(text);
}

function recordStatus(text) {
  const said = /: (healthy|degraded|failing)\b/.exec(text);
  if (!said) return null;
  return { state: said[1] === 'failing' ? 'down' : said[1], why: `its status says ${said[1]}` };
}

/** Series of twelve points: the last one of the failed requests, and response times against those before. */
function recordMetrics(text) {
  const points = (label) => {
    const row = text.split('\n').find((line) => line.includes(`] ${label}`));
    const list = row && /: ([\d. ]+)$/.exec(row);
    return list ? list[1].trim().split(' ').map(Number) : null;
  };
  const failed = points('failed requests (%)');
  if (!failed) return null;
  const last = failed.at(-1);
  const why = `${last} % of its requests fail`;
  if (last >= 40) return { state: 'down', why };
  if (last >= 2) return { state: 'degraded', why };
  const times = points('p99 of response time (ms)');
  if (times && times.at(-1) > 3 * Math.min(...times)) return { state: 'degraded', why: `its p99 went to ${times.at(-1)} ms` };
  return times && last < 1 ? { state: 'healthy', why: `${why}, response times as before` } : null;
}

/** Words of trouble in a status. */
const TROUBLE = [
  /readiness (?:failing|\d{3}\b)/, /timeout \d+ ?s/, /\bOOMKilled\b/, /\bunreachable\b/, /\b50[234]\b/, /\bfailures? [1-9][\d.]*\/s/,
  /\bfailing\b/, /\blast error \S/, /\b0 of [1-9]\d* endpoints ready/, /\bsession \S+\s+Idle\b/,
];

function tableStatus(text) {
  const ready = /\b(\d+)\/(\d+) (?:ready|in rotation)/.exec(text);
  if (!ready) return null;
  const [is, of] = [Number(ready[1]), Number(ready[2])];
  if (is === 0 && of > 0) return { state: 'down', why: `${ready[0]}` };
  const trouble = text.split('\n').find((line) => TROUBLE.some((pattern) => pattern.test(line)));
  const restarts = /\brestarts\(15m\)\s+([1-9]\d*)/.exec(text);
  if (is < of) return { state: 'degraded', why: ready[0] };
  if (trouble) return { state: 'degraded', why: trouble.replace(/\s+/g, ' ').slice(0, 90) };
  if (restarts) return { state: 'degraded', why: `${restarts[1]} restarts in 15 minutes` };
  return { state: 'healthy', why: `${ready[0]}, nothing else said` };
}

const number = (text) => {
  const found = /-?\d[\d ,]*(?:\.\d+)?/.exec(text);
  return found ? Number(found[0].replace(/[ ,]/g, '')) : NaN;
};
const ratio = (text) => {
  const found = /^(\d+) ?(?:\/|of) ?(\d+)\b/.exec(text);
  return found ? [Number(found[1]), Number(found[2])] : null;
};

/** Rows of `name  value  baseline value`. */
function tableMetrics(text) {
  const rows = [...text.matchAll(/^(\S.*?)\s{2,}(\S.*?)\s{2,}baseline (\S.*)$/gm)].map(([, name, now, usual]) => ({ name, now, usual }));
  if (!rows.length) return null;
  const bad = [];
  let same = true;
  for (const { name, now, usual } of rows) {
    const [is, was] = [number(now), number(usual)];
    const [part, before] = [ratio(now), ratio(usual)];
    const percent = /^[\d.]+ ?%/.test(now) && /^[\d.]+ ?%/.test(usual);
    const why = `${name} ${now.replace(/\s{2,}.*/, '')}`;
    const say = (state, bare = false) => bad.push({ state, why, bare });
    if (percent && /success/.test(name)) {
      if (is <= 5 && was > 50) say('down');
      else if (is < was - 2) say('degraded');
    } else if (percent && /5xx|503|error|failed|timeout/.test(name)) {
      // Only the ratio of all requests says that a service answers none.
      const bare = /^(?:http_)?(?:5xx_ratio|503_ratio|error_rate)$/.test(name);
      if (is >= 50 && was < 5) say(bare ? 'down' : 'degraded', bare);
      else if (is > Math.max(1, 3 * was)) say('degraded', bare);
    } else if (/refused|rejected|timeout|failures|kills|_lost\b/.test(name) && is > 0 && was === 0) say('degraded');
    else if (part && before && before[0] === before[1] && part[0] < part[1]) say('degraded');
    else if (part && before && part[0] >= part[1] * 0.99 && before[0] < before[1] / 2) say('degraded');
    const near = Number.isNaN(was) || Number.isNaN(is) || Math.abs(is - was) <= 1 || (is <= was * 1.5 && is >= was / 1.5);
    same &&= near;
  }
  if (bad.length) {
    const successes = rows.filter(({ name }) => /success/.test(name)).length;
    const gone = bad.filter(({ state, bare }) => state === 'down' && !bare).length;
    const bare = rows.some(({ name }) => /^(?:http_)?(?:5xx_ratio|503_ratio|error_rate)$/.test(name));
    // One thing of several that fails is not a service that is down, nor is one whose answers are counted and are well.
    const found = worst(bad.map((one) => (one.state === 'down' && !one.bare && (bare || gone < successes) ? { ...one, state: 'degraded' } : one)));
    return { state: found.state, why: found.why };
  }
  return same ? { state: 'healthy', why: 'its metrics are near their baselines' } : null;
}

/** Who calls whom by this text: `state` is `ok`, `slow`, `failing` or `unknown`. */
export function relations(action, self, text, names) {
  if (action === 'check_dependencies') return dependencies(self, text, names);
  if (action === 'query_logs') return named(self, text, names);
  return [];
}

const CALL = { __proto__: null, up: 'ok', ok: 'ok', active: 'ok', slow: 'slow', degraded: 'slow', throttled: 'slow', saturated: 'slow', failing: 'failing',
  refused: 'failing', flapping: 'failing', down: 'failing', 'breaker-open': 'failing', 'no-route': 'failing', 'auth-fail': 'failing' };

function dependencies(self, text, names) {
  const found = [];
  const add = (from, to, state, why) => {
    if (from === to || !names.has(from) || !names.has(to)) return;
    const before = found.find((edge) => edge.from === from && edge.to === to);
    if (!before) found.push({ from, to, state, why });
    else if (before.state !== state && state !== 'unknown') {
      // One path of several that fails is a call that partly works.
      before.state = before.state === 'unknown' ? state : 'slow';
      before.why = `${before.why}; ${why}`;
    }
  };
  for (const line of text.split('\n')) {
    const record = /^\[e-[0-9a-f]+\] (\S+) -> (\S+) \(.*?\): (ok|slow|failing), (.*)$/.exec(line);
    if (record) {
      add(record[1], record[2], record[3], record[4]);
      continue;
    }
    const callers = /^called by: (.*)$/.exec(line);
    if (callers) {
      for (const caller of callers[1].split(',')) add(caller.trim().split(' ')[0], self, 'unknown', '');
      continue;
    }
    const to = /^(\S+)\s/.exec(line)?.[1];
    if (!to || !names.has(to)) continue;
    const state = /\bstate=(\S+)/.exec(line)?.[1];
    const error = /\berr=([\d.]+ %)/.exec(line)?.[1];
    add(self, to, CALL[state] ?? 'unknown', [state, error && `${error} fail`].filter(Boolean).join(', '));
  }
  return found;
}

const name = '([A-Za-z0-9][A-Za-z0-9_.-]*?)';
/** Phrases of logs in which whoever writes the line calls the other. */
const OUT = [`called ${name}:`, `\\] [\\d:.]+ [A-Z]+ ${name} answered `, `call(?:ing)?(?: to)? ${name} `, `upstream[=:] ?${name}\\b(?![-\\w])`, `upstream ${name}:`,
  `(?:dial|calling) ${name}:`, `connect(?:ion)? to ${name}(?::\\d+)? `, `handshake with ${name} `, `lookup of ${name} `, `could not resolve ${name}$`,
  `no route to ${name}$`, ` ${name} rejected the request`, ` ${name} unreachable`, `wrote \\d+ rows to ${name}$`, `breaker: ${name} `, `origin: ${name} `,
  `in it ${name} \\d+ ms`].map((pattern) => new RegExp(pattern, 'gm'));
/** Phrases in which the other calls whoever writes the line. */
const IN = [`\\bapp=${name}(?![-\\w])`, `\\bsrc=${name}(?![-\\w])`, `connection received from ${name}$`, `client ${name} connected$`, `consumer group of ${name} `,
  `inbound \\d+ rps from ${name}$`].map((pattern) => new RegExp(pattern, 'gm'));

function named(self, text, names) {
  const found = new Map();
  const collect = (patterns, edge) => {
    for (const pattern of patterns) {
      for (const [, other] of text.matchAll(pattern)) {
        if (other !== self && names.has(other)) found.set(`${edge(other)}`, { from: edge(other)[0], to: edge(other)[1], state: 'unknown', why: 'named in a log' });
      }
    }
  };
  collect(OUT, (other) => [self, other]);
  collect(IN, (other) => [other, self]);
  return [...found.values()];
}

/** Ids of jobs, certificates, changes and flags that a text names, in the order of their appearance. */
export function ids(text) {
  return [...new Set(text.match(/\b(?:job|crt|chg|ff)-\d+\b/g) || [])];
}

/** Versions of deploys that a text of `check_recent_deploys` names. */
export function versions(text) {
  return [...new Set(text.match(/\bchg-\d+\b|^(?:\S+ )?[vr]\d[\w.]*/gm) || [])];
}
