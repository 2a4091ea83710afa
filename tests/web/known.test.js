// Tests what the map knows: the colours of services when incidents begin and end, and the readings of single texts.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ids, known, reading, relations, versions } from '../../web/play/known.js';
import * as signs from '../../web/play/signs.js';
import { scenarios, textOf } from './scenarios.js';

const ALL = scenarios();

/** Returns the colours of all services of a scenario after their status and metrics were read in a state of the world. */
function colours(scenario, facts) {
  const steps = ['check_service_status', 'check_metrics'].flatMap((action) => scenario.services.map((target) => [action, target, textOf(scenario, action, target, facts)]))
    .filter(([, , text]) => text !== undefined).map(([action, target, text]) => ({ action, group: 'diagnostic', evidence: { target, text } }));
  const by = { down: [], degraded: [], healthy: [], unknown: [] };
  for (const [name, { state }] of known(scenario.services, steps).nodes) by[state].push(name);
  return Object.fromEntries(Object.entries(by).filter(([, names]) => names.length).map(([state, names]) => [state, names.sort().join(' ')]));
}

test('the colours of each scenario when it begins', () => {
  const expected = {
    'AC-001': { down: 'api-gateway', degraded: 'auth-service postgres-db' },
    'AC-002': { degraded: 'cdn-edge image-service product-service' },
    'AC-003': { degraded: 'recommendation-service', healthy: 'product-service redis-reco-cache' },
    'RCA-001': { down: 'api-gateway auth-service notification-service order-service postgres-db', degraded: 'analytics-service product-service', healthy: 'redis-session' },
    'RCA-002': { degraded: 'api-gateway fraud-detection-service network-infra order-service payment-service', healthy: 'cdn-edge postgres-db redis-payment-cache' },
    'RCA-003': { down: 'api-gateway notification-service user-service', degraded: 'postgres-db', healthy: 'config-service order-service product-service redis-session' },
    'RP-001': { down: 'api-gateway auth-service notification-service order-service postgres-db', degraded: 'analytics-service product-service', healthy: 'redis-session' },
    'RP-002': { degraded: 'api-gateway fraud-detection-service network-infra order-service payment-service', healthy: 'cdn-edge postgres-db redis-payment-cache' },
    'RP-003': { down: 'api-gateway notification-service user-service', degraded: 'postgres-db', healthy: 'config-service order-service product-service redis-session' },
  };
  assert.deepEqual(Object.fromEntries(ALL.map((scenario) => [scenario.id, colours(scenario, scenario.facts)])), expected);
});

test('every service is healthy when all is repaired', () => {
  for (const scenario of ALL.filter(({ facts }) => facts)) {
    const nothing = Object.fromEntries(Object.keys(scenario.facts).map((fact) => [fact, false]));
    assert.deepEqual(colours(scenario, nothing), { healthy: [...scenario.services].sort().join(' ') }, scenario.id);
  }
});

test('statuses', () => {
  for (const [text, expected] of [
    ['replicas  4/4 ready', 'healthy'],
    ['replicas  31/31 in rotation', 'healthy'],
    ['replicas  0/6 ready', 'down'],
    ['replicas  3/4 ready', 'degraded'],
    // A service that is scaled to 0 does not fail.
    ['replicas  0/0 ready', 'healthy'],
    // The count of ready instances weighs more than words of trouble.
    ['replicas  0/6 ready\nprobe  readiness failing (port 5432 closed)', 'down'],
    ['replicas  4/4 ready\nprobe    liveness ok 2ms, readiness 503 "db: connection refused"', 'degraded'],
    ['replicas  4/4 ready\nprobe    liveness ok 3ms, readiness ok 3ms', 'healthy'],
    ['replicas  4/4 ready\nrestarts(15m)  4   up since 02:24:13Z', 'degraded'],
    ['replicas  4/4 ready\nrestarts(15m)  0', 'healthy'],
    ['replicas  4/4 ready\nauth failures 81/s', 'degraded'],
    ['replicas  4/4 ready\nauth failures 0/s', 'healthy'],
    ['sessions  2/2 ready\nsession 10.0.2.1     Idle, advertised 0   (AZ-2)', 'degraded'],
    ['sessions  2/2 ready\nsession 10.0.2.1     Established, advertised 1   (AZ-2)', 'healthy'],
    ['replicas  4/4 ready\nupstream auth-service 0 of 6 endpoints ready', 'degraded'],
    ['replicas  4/4 ready\nupstream auth-service 6 of 6 endpoints ready', 'healthy'],
    // Three digits of a longer number are not a status code of HTTP.
    ['replicas  4/4 ready\nconnections 1502 of 5030', 'healthy'],
    ['15:02 check_service_status: no answer within 30 s, the tool is overloaded; 0/4 ready', null],
    ['the tool prints something new', null],
    ['', null],
    ['[e-8638kzv0mt] 07:27 svc-talc: degraded; kind gateway, zone-a, on node-osier\n[e-fe1ekzv0mt] restarts in the last hour: 0', 'degraded'],
    ['[e-c122kzv0mt] 09:18 svc-thistle: failing; kind api, zone-b', 'down'],
    ['[e-c122kzv0mt] 09:18 svc-thistle: healthy; kind api, zone-b', 'healthy'],
    ['[e-c122kzv0mt] 09:18 svc-thistle: asleep; kind api, zone-b', null],
  ]) assert.equal(reading('check_service_status', text)?.state ?? null, expected, text);
});

test('metrics', () => {
  const rows = (...all) => all.map(([name, now, usual]) => `${name.padEnd(26)}${now.padEnd(18)}baseline ${usual}`).join('\n');
  for (const [text, expected] of [
    [rows(['http_5xx_ratio', '95.0 %', '0.1 %']), 'down'],
    [rows(['http_5xx_ratio', '15 %', '0.1 %']), 'degraded'],
    [rows(['http_5xx_ratio', '0.2 %', '0.1 %']), 'healthy'],
    // 1 % is tolerated, and so is three times what is usual.
    [rows(['http_5xx_ratio', '0.9 %', '0.1 %']), 'healthy'],
    [rows(['http_5xx_ratio', '5.9 %', '2.0 %'], ['http_p99', '30 ms', '29 ms']), null],
    // A share of some of the requests never says that a service is down.
    [rows(['http_5xx{POST /checkout}', '95.0 %', '0.1 %']), 'degraded'],
    [rows(['login_success', '0.0 %', '99.7 %']), 'down'],
    [rows(['login_success', '96.0 %', '99.7 %']), 'degraded'],
    [rows(['login_success', '99.0 %', '99.7 %']), 'healthy'],
    // First one of two things fails, and then both do.
    [rows(['login_success', '0.0 %', '99.7 %'], ['token_verify_success', '99.9 %', '99.9 %']), 'degraded'],
    [rows(['login_success', '0.0 %', '99.7 %'], ['token_verify_success', '0.0 %', '99.9 %']), 'down'],
    // The share of all requests says that the service answers.
    [rows(['login_success', '0.0 %', '99.7 %'], ['http_5xx_ratio', '0.1 %', '0.1 %']), 'degraded'],
    [rows(['oom_kills', '4 in 12 min', '0']), 'degraded'],
    [rows(['oom_kills', '0', '0']), 'healthy'],
    // A usual value is not a sign of trouble, whatever its name says.
    [rows(['requests_rejected', '12 /s', '12 /s']), 'healthy'],
    [rows(['bgp_sessions_established', '2/4', '4/4']), 'degraded'],
    [rows(['bgp_sessions_established', '4/4', '4/4']), 'healthy'],
    [rows(['connections_used', '500 / 500', '120 / 500']), 'degraded'],
    [rows(['connections_used', '130 / 500', '120 / 500']), 'healthy'],
    // A value far from its baseline that is not bad by its name says neither.
    [rows(['calls_received', '400 /s', '4 000 /s']), null],
    [rows(['calls_received', '4 100 /s', '4 000 /s']), 'healthy'],
    ['no table at all', null],
  ]) assert.equal(reading('check_metrics', text)?.state ?? null, expected, text);
});

test('series of generated incidents', () => {
  const series = (failed, times) => [`[e-e6d9kzv0mt] requests (per s), every 10 min to 09:21: 622 653 653`,
    failed && `[e-b0dckzv0mt] failed requests (%), every 10 min to 09:21: ${failed}`, times && `[e-0a25kzv0mt] p99 of response time (ms), every 10 min to 09:21: ${times}`].filter(Boolean).join('\n');
  for (const [text, expected] of [
    [series('0.3 0.0 0.1', '11.9 11.0 12.0'), 'healthy'],
    [series('0.3 0.0 1.9', '11.9 11.0 12.0'), null],
    [series('0.3 0.0 2.0', '11.9 11.0 12.0'), 'degraded'],
    [series('0.3 0.0 39.9', '11.9 11.0 12.0'), 'degraded'],
    [series('0.3 0.0 40.0', '11.9 11.0 12.0'), 'down'],
    // It has recovered: only the last point counts.
    [series('0.3 88.0 0.2', '11.9 11.0 12.0'), 'healthy'],
    [series('0.3 0.0 0.1', '11.9 11.0 33.1'), 'degraded'],
    [series('0.3 0.0 0.1', '11.9 11.0 33.0'), 'healthy'],
    [series('0.3 0.0 0.1', null), null],
    [series(null, '11.9 11.0 99.0'), null],
  ]) assert.equal(reading('check_metrics', text)?.state ?? null, expected, text);
});

// ---- what steps add up to ----

const READY = 'replicas  4/4 ready';
const DOWN = 'replicas  0/4 ready';
const look = (target, text, action = 'check_service_status') => ({ action, group: 'diagnostic', evidence: { target, text } });
const change = (target, action = 'restart_service') => ({ action, group: 'remediation', evidence: { target, text: 'restarted' } });

test('a state is what was read last, and stale after a change', () => {
  for (const [name, steps, expected] of [
    ['nothing', [], ['unknown', false, false]],
    ['another service', [look('b', DOWN)], ['unknown', false, false]],
    ['a look', [look('a', DOWN)], ['down', false, true]],
    ['a newer look', [look('a', DOWN), look('a', READY)], ['healthy', false, true]],
    ['the worst of two kinds', [look('a', READY), look('a', 'oom_kills      4      baseline 0', 'check_metrics')], ['degraded', false, true]],
    ['a change makes it stale', [look('a', DOWN), change('b')], ['down', true, true]],
    ['a step that only looks does not', [look('a', DOWN), change('verify_db_health', 'execute_runbook_step')], ['down', false, true]],
    ['a change that was refused does not', [look('a', DOWN), { action: 'restart_service', group: 'remediation', evidence: null }], ['down', false, true]],
    ['what is read after it counts alone', [look('a', 'oom_kills      4      baseline 0', 'check_metrics'), change('a'), look('a', READY)], ['healthy', false, true]],
    ['a text that says nothing', [look('a', 'nothing known')], ['unknown', false, true]],
    ['a log says nothing of health', [look('a', DOWN, 'query_logs')], ['unknown', false, true]],
    ['no answer takes nothing back', [look('a', DOWN), look('a', 'no answer within 30 s')], ['down', false, true]],
  ]) {
    const { state, stale, looked } = known(['a', 'b'], steps).nodes.get('a');
    assert.deepEqual([state, stale, looked], expected, name);
  }
});

test('what is no service of the incident is left out', () => {
  const { nodes, edges } = known(['a', 'b'], [look('z', DOWN), look('a', 'z  state=ok  err=0.0 %\nb  state=ok  err=0.1 %', 'check_dependencies')]);
  assert.deepEqual([...nodes.keys()], ['a', 'b']);
  assert.deepEqual(edges, [{ from: 'a', to: 'b', state: 'ok', why: 'ok, 0.1 % fail' }]);
});

test('a measured call is not replaced by a name in a log, and is by a newer measure', () => {
  const measured = look('a', 'b  http/8080  state=failing  err=98 %', 'check_dependencies');
  const named = look('a', 'upstream b: slow', 'query_logs');
  const again = look('a', 'b  http/8080  state=ok  err=0.1 %', 'check_dependencies');
  const states = (...steps) => known(['a', 'b'], steps).edges.map(({ from, to, state }) => `${from}>${to} ${state}`);
  assert.deepEqual(states(named), ['a>b unknown']);
  assert.deepEqual(states(named, measured), ['a>b failing']);
  assert.deepEqual(states(measured, named), ['a>b failing']);
  assert.deepEqual(states(measured, again), ['a>b ok']);
});

test('calls in texts of dependencies', () => {
  const names = new Set(['a', 'b', 'c', 'd']);
  for (const [text, expected] of [
    ['b  http/8080  state=ok  err=0.1 %', ['a>b ok']],
    ['b  http/8080  state=no-route  err=99 %', ['a>b failing']],
    ['b  http/8080  state=never-heard-of', ['a>b unknown']],
    // One of two zones works.
    ['b  zone=1  state=ok\nb  zone=2  state=no-route', ['a>b slow']],
    ['b  zone=1  state=failing\nb  zone=2  state=failing', ['a>b failing']],
    ['a  http/8080  state=ok', []],
    ['called by: c, d (2 pods), z', ['c>a unknown', 'd>a unknown']],
    // A name that every object has is not a state.
    ['b  state=constructor', ['a>b unknown']],
    ['[e-87b7kzv0mt] b -> c (sync): failing, 22.0 % of calls fail\n[e-6440kzv0mt] a -> b (data): ok, 0.0 % of calls fail', ['b>c failing', 'a>b ok']],
  ]) assert.deepEqual(relations('check_dependencies', 'a', text, names).map(({ from, to, state }) => `${from}>${to} ${state}`), expected, text);
});

test('names that begin with another name are not taken for it', () => {
  const names = new Set(['order', 'order-service', 'a']);
  const calls = (text) => relations('query_logs', 'a', text, names).map(({ from, to }) => `${from}>${to}`);
  assert.deepEqual(calls('upstream=order-service zone=AZ-1'), ['a>order-service']);
  assert.deepEqual(calls('upstream=order zone=AZ-1'), ['a>order']);
  assert.deepEqual(calls('upstream=order-service-2 zone=AZ-1'), []);
  assert.deepEqual(calls('src=order-service req=a8c2d1'), ['order-service>a']);
  assert.deepEqual(calls('inbound 1195 rps from order-service'), ['order-service>a']);
});

test('ids and versions', () => {
  assert.deepEqual(ids('job-12 failed; crt-5069 of job-12, chg-63625; e-12, xjob-4, ff-7'), ['job-12', 'crt-5069', 'chg-63625', 'ff-7']);
  assert.deepEqual(ids('nothing'), []);
  assert.deepEqual(versions('v5.31.2  02:00Z\n  v5.31.1 indented\nr212  14:14Z\nmodel v2.4\n[e-1] chg-63625 01:01'), ['v5.31.2', 'r212', 'model v2.4', 'chg-63625']);
});

// ---- every sign is used, and no word of the evidence is overlooked ----

const texts = (action) => ALL.flatMap(({ evidence }) => evidence.filter((one) => one.action === action).map(({ text }) => text));

test('each sign of trouble is in an embedded status', () => {
  for (const pattern of signs.TROUBLE) assert.ok(texts('check_service_status').some((text) => text.split('\n').some((line) => pattern.test(line))), `${pattern}`);
  for (const pattern of [signs.READY, signs.RESTARTS]) assert.ok(texts('check_service_status').some((text) => pattern.test(text)), `${pattern}`);
});

test('each kind of metric is in an embedded table, and each table is read', () => {
  const rows = texts('check_metrics').flatMap((text) => [...text.matchAll(signs.METRIC_ROW)].map(([, name]) => name));
  for (const [kind, pattern] of Object.entries(signs.METRIC)) assert.ok(rows.some((name) => pattern.test(name)), kind);
  for (const text of texts('check_metrics')) assert.ok([...text.matchAll(signs.METRIC_ROW)].length >= 3, text);
});

test('the states of embedded calls are known, but for those that say nothing of health', () => {
  const found = new Set(texts('check_dependencies').flatMap((text) => [...text.matchAll(/\bstate=(\S+)/g)].map(([, state]) => state)));
  assert.deepEqual([...found].filter((state) => !signs.CALL[state]).sort(), ['idle', 'probing', 'stale-conns']);
});

test('the list of all services names kinds, and a look with parameters gives no state', () => {
  const step = (action, target, text) => ({ action, group: 'diagnostic', evidence: { target, text } });
  const catalogue = '[e-8638kzv0mt] 07:27 alert ALT-1: Failed requests of svc-b above their threshold; rule: x\n[e-9638kzv0mt] svc-a: kind gateway, zone-a, users come in here\n[e-7638kzv0mt] svc-b: kind db, zone-b';
  const failing = '[e-b0dckzv0mt] failed requests (%), every 10 min to 09:21: 90 90 90';
  const { nodes } = known(['svc-a', 'svc-b'], [step('check_service_status', 'system', catalogue), step('check_metrics', 'svc-b metric=failed requests by=zone', failing)]);
  const { kind, state, looked } = nodes.get('svc-b');
  assert.deepEqual([nodes.get('svc-a').kind, nodes.get('svc-a').looked, kind, state, looked], ['gateway', false, 'db', 'unknown', true]);
});
