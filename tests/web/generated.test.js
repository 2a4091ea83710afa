// Tests the readers of the telemetry of generated incidents, by lines that real episodes have shown. logs.json has lines of logs, each with
// its technology and the level under which the server lists it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { cells, cut, entries, folded } from '../../web/play/entries.js';
import { known, reading, relations } from '../../web/play/known.js';
import { loudness, stateLoudness } from '../../web/play/levels.js';
import { clock, series, splits } from '../../web/play/series.js';
import { browser } from './fake-dom.js';
import { ROOT } from './scenarios.js';

browser();
const { evidenceList } = await import('../../web/play/evidence.js');
const { spark, splitChart } = await import('../../web/play/spark.js');

const LOGS = JSON.parse(readFileSync(join(ROOT, 'tests/web/logs.json'), 'utf8'));

// ---- series ----

test('series with units, labels and a grid', () => {
  for (const [text, metric, labels, unit, values] of [
    ['requests (per s), every 10 min to 17:00 and at 17:03: 21.5 20.8 21.6', 'requests', [], 'per s', [21.5, 20.8, 21.6]],
    ['replica lag (s), every 10 min to 17:00 and at 17:03: 1 0', 'replica lag', [], 's', [1, 0]],
    ['container_memory_working_set_bytes{namespace="shop",pod="a-1",container="a"} (MiB), every 10 min to 17:00 and at 17:03: 702 701',
      'container_memory_working_set_bytes', [['namespace', 'shop'], ['pod', 'a-1'], ['container', 'a']], 'MiB', [702, 701]],
    ['db_client_connections_usage{pool_name="shipping",state="used"}, every 10 min to 17:00 and at 17:03: 3 3', 'db_client_connections_usage', [['pool_name', 'shipping'], ['state', 'used']], '', [3, 3]],
    // Colons, commas and braces in names and labels, and an expression of two names.
    ['coredns_dns_requests_total{server="dns://:53",zone=".",proto="udp"} (per s), every 10 min to 17:00 and at 17:03: 344 354', 'coredns_dns_requests_total',
      [['server', 'dns://:53'], ['zone', '.'], ['proto', 'udp']], 'per s', [344, 354]],
    ['instance:redis_keyspace_hits:ratio_rate5m{instance="offers-cache-0:9121"} (%), every 10 min to 17:00 and at 17:03: 95 95', 'instance:redis_keyspace_hits:ratio_rate5m', [['instance', 'offers-cache-0:9121']], '%', [95, 95]],
    ['node_filesystem_size_bytes - node_filesystem_avail_bytes{instance="node-sorrel:9100",mountpoint="/var/lib"} (GiB), every 10 min to 17:00 and at 17:03: 61 61',
      'node_filesystem_size_bytes - node_filesystem_avail_bytes', [['instance', 'node-sorrel:9100'], ['mountpoint', '/var/lib']], 'GiB', [61, 61]],
    ['requests{route="/api/{id}",note="a \\"b\\", c: 1 2"} (per s), every 10 min to 17:00 and at 17:03: 1 2', 'requests', [['route', '/api/{id}'], ['note', 'a \\"b\\", c: 1 2']], 'per s', [1, 2]],
    ["journey 'checkout' (52 % of what users come for, enters at digest-api), requests (per s), every 10 min to 17:00 and at 17:03: 232 231",
      "journey 'checkout' (52 % of what users come for, enters at digest-api), requests", [], 'per s', [232, 231]],
    ['node_timex_offset_seconds{instance="n:9100"} (s), every 10 min to 17:00 and at 17:03: 0.006 -0.004', 'node_timex_offset_seconds', [['instance', 'n:9100']], 's', [0.006, -0.004]],
  ]) {
    const found = series(text);
    assert.deepEqual([found.metric, found.labels, found.unit, found.values], [metric, labels, unit, values], text);
  }
  for (const text of ['no series of ledger-api has the label route', 'requests (per s): many', 'restarts in the last hour: 0', '', 'a, every 10 min to 17:00: 1.2.3']) assert.equal(series(text), null, text);
});

test('points lie on the grid, and the last at its own minute, over midnight too', () => {
  const at = (text) => series(text).at.map(clock);
  assert.deepEqual(at('a, every 10 min to 17:00 and at 17:03: 1 2 3'), ['16:50', '17:00', '17:03']);
  assert.deepEqual(at('a, every 10 min to 00:10 and at 00:17: 1 2 3 4'), ['23:50', '00:00', '00:10', '00:17']);
  assert.deepEqual(at('a, every 5 min to 23:55 and at 00:00: 1 2 3'), ['23:50', '23:55', '00:00']);
  assert.deepEqual(at('a, every 10 min to 09:21: 1 2 3'), ['09:01', '09:11', '09:21']);
  assert.deepEqual(at('a, every 1 min to 09:21 and at 09:21: 7'), ['09:21']);
  const { at: minutes } = series('a, every 5 min to 23:55 and at 00:00: 1 2 3');
  assert.ok(minutes.every((minute, index) => index === 0 || minute > minutes[index - 1]));
});

const ZONES = ['a', 'b'].flatMap((from) => ['a', 'b'].flatMap((to) => [
  `[e-r${from}${to}] requests{source_zone="zone-${from}",destination_zone="zone-${to}"} (per s), every 10 min to 22:30 and at 22:39: 2060 2013 1977`,
  `[e-f${from}${to}] failed requests{source_zone="zone-${from}",destination_zone="zone-${to}"} (%), every 10 min to 22:30 and at 22:39: 0.3 ${from === to ? '0.1' : '31.6'} 31.8`,
])).join('\n');
const all = (text) => entries(text).map(({ lines }) => series(lines[0])).filter(Boolean);

test('the series of a split are drawn together, by the labels in which they differ', () => {
  const two = splits(all(ZONES));
  assert.deepEqual(two.map(({ metric, unit, by }) => [metric, unit, by]), [['requests', 'per s', ['source_zone', 'destination_zone']], ['failed requests', '%', ['source_zone', 'destination_zone']]]);
  assert.deepEqual(two[1].lines.map(({ name }) => name), ['zone-a, zone-a', 'zone-a, zone-b', 'zone-b, zone-a', 'zone-b, zone-b']);
  const codes = splits(all('[e-1] responses{code="200"} (per s), every 10 min to 22:20 and at 22:30: 435 416\n[e-2] responses{code="503"} (per s), every 10 min to 22:20 and at 22:30: 0.0 522'));
  assert.deepEqual(codes.map(({ by, lines }) => [by, lines.map(({ name }) => name)]), [[['code'], ['200', '503']]]);
  // Labels that all have, such as the name of the topic, are left out of the legend.
  const lag = splits(all([0, 1].map((n) => `[e-${n}] kafka_consumergroup_lag{consumergroup="w",partition="${n}",topic="t"}, every 10 min to 22:20 and at 22:30: 1 2`).join('\n')));
  assert.deepEqual(lag[0].lines.map(({ name }) => name), ['0', '1']);
  // The dashboard of a service has no two series of one metric.
  assert.deepEqual(splits(all('[e-1] requests (per s), every 10 min to 22:20 and at 22:30: 435 416\n[e-2] failed requests (%), every 10 min to 22:20 and at 22:30: 0.0 0.1')), []);
});

test('charts have the times of the grid and of now, and a legend', () => {
  const [, failed] = splits(all(ZONES));
  const chart = splitChart(failed);
  assert.equal(chart.querySelectorAll('polyline').length, 4);
  const words = chart.querySelectorAll('text').map((one) => one.textContent);
  assert.ok(words.includes('22:20') && words.includes('at 22:39'), words.join());
  assert.equal(chart.querySelector('figcaption').textContent, 'failed requests (%) by source_zone, destination_zone');
  assert.deepEqual(chart.querySelectorAll('li').map((one) => one.textContent), failed.lines.map(({ name }) => `${name}31.8`));
  // The last stretch is as long as its minutes are.
  const xs = spark(series('a, every 10 min to 17:00 and at 17:03: 1 2 3')).querySelector('polyline').getAttribute('points').split(' ').map((one) => Number(one.split(',')[0]));
  assert.ok(Math.abs((xs[2] - xs[1]) / (xs[1] - xs[0]) - 0.3) < 0.01, xs.join());
  assert.equal(spark(series('a, every 1 min to 17:03 and at 17:03: 1')), null);
  const many = { metric: 'm', unit: '', by: ['client'], lines: Array.from({ length: 11 }, (_, n) => ({ name: `c${n}`, at: [0, 10], values: [n, n] })) };
  assert.match(splitChart(many).textContent, /and 3 more below$/);
});

// ---- entries ----

const STACK = ['2026-08-10 01:37:21,254 ERROR chat.db: query failed', 'Traceback (most recent call last):',
  '  File "/usr/local/lib/python3.10/site-packages/sqlalchemy/engine/base.py", line 146, in __init__', '    self._dbapi_connection = engine.raw_connection()', '', 'sqlalchemy.exc.TimeoutError: QueuePool limit'];

test('an entry has the lines below it until the next id', () => {
  const text = `[e-0a] 01:55 log of chat-api (Python 3.10 service; chat-api-0), last 120 min: 550 entries\n[e-0b] ${STACK.join('\n')}\n[e-0c] 10.42.29.242 - - "GET / HTTP/1.1" 200\n`;
  assert.deepEqual(entries(text), [
    { id: 'e-0a', lines: ['01:55 log of chat-api (Python 3.10 service; chat-api-0), last 120 min: 550 entries'] }, { id: 'e-0b', lines: STACK }, { id: 'e-0c', lines: ['10.42.29.242 - - "GET / HTTP/1.1" 200'] }]);
  assert.deepEqual(entries('cpu   90 %\n\nmem   20 %'), ['cpu   90 %', '', 'mem   20 %'].map((line) => ({ id: null, lines: [line] })));
  assert.deepEqual(folded(STACK).map(({ length }) => length), [3, 3]);
  assert.deepEqual(folded(STACK.slice(0, 4)).map(({ length }) => length), [4, 0]);
  assert.deepEqual(cut('x'.repeat(900)).map(({ length }) => length), [900, 0]);
  assert.deepEqual(cut(`${'x'.repeat(699)}🚒${'x'.repeat(400)}`).map(({ length }) => length), [699, 402]);
});

test('the catalogue, changes and calls are tables', () => {
  for (const [line, expected] of [
    ['disputes-db: kind db, zone-b, on node-opal, runs PostgreSQL 15.6', ['disputes-db', 'db', 'zone-b', 'node-opal', 'PostgreSQL 15.6']],
    ['common-config: kind config, zone-a, runs etcd 3.5.15', ['common-config', 'config', 'zone-a', '', 'etcd 3.5.15']],
    ['node-opal: kind node, zone-b, runs Linux 6.1 (Debian 12), kubelet 1.29.4', ['node-opal', 'node', 'zone-b', '', 'Linux 6.1 (Debian 12), kubelet 1.29.4']],
    ['entry-gateway: kind gateway, zone-a, on node-heron, runs nginx 1.26, users come in here', ['entry-gateway', 'gateway', 'zone-a', 'node-heron', 'nginx 1.26, users come in here']],
    ['chg-12156 internal-identity 22:23 (6 min ago), config: limits and time-outs file, revision 392', ['chg-12156', 'internal-identity', '22:23', '6 min ago', 'config', 'limits and time-outs file, revision 392']],
    ['chg-77031 05:26 (67 min ago), job: job-8200: window widened', ['chg-77031', '', '05:26', '67 min ago', 'job', 'job-8200: window widened']],
    ['a-api -> b-api (sync, with fallback): failing, 91.1 % of calls fail (http_503), p99 4325 ms', ['a-api -> b-api', 'sync, with fallback', 'failing', '91.1 % of calls fail (http_503), p99 4325 ms']],
    ['22:28 alert ALT-97e033d3: Response time of entry-gateway above its threshold; rule: p99 > 183 ms', null],
    ['entry-gateway runs on node-topaz', null],
    ['22:34, 1 min ago, by you: restart_service a-api', null],
  ]) assert.deepEqual(cells(line), expected, line);
});

// ---- levels ----

test('lines of all technologies are as loud as the server says', () => {
  const expected = { error: 'bad', warn: 'warn', info: '' };
  const technologies = new Set();
  for (const [technology, level, text] of LOGS) {
    assert.equal(loudness(text.split('\n')), expected[level], `${technology}: ${text}`);
    technologies.add(technology);
  }
  assert.ok(technologies.size >= 21 && LOGS.length > 60, [...technologies].join());
});

test('lines whose level is not a word', () => {
  for (const [text, expected] of [
    ['{"level":50,"time":1788812655494,"msg":"x"}', 'bad'], ['{"level":60,"time":1,"msg":"x"}', 'bad'], ['{"level":"info","msg":"no error, level 50"}', ''],
    ['{"requestId":"1","status":502,"errorResponseType":"INTEGRATION_FAILURE"}', 'bad'], ['{"requestId":"1","status":429,"x":1}', 'warn'], ['{"requestId":"1","status":404,"x":1}', ''],
    ['{"page":{"id":"x"},"status":{"indicator":"critical"}}', 'bad'], ['{"apiVersion":"v1","kind":"Event","type":"Warning"}', 'warn'],
    ['%3|1786326564.644|FAIL|rdkafka#producer-1| x', 'bad'], ['%6|1786326564.644|INFO| x', ''],
    ['1:M 10 Aug 2026 01:53:25.587 # Out of memory', 'warn'], ['1:M 10 Aug 2026 01:53:25.587 * Background saving terminated with success', ''],
    ['Aug 10 01:00:09 node-sorrel kubelet[909]: E0810 01:00:09.735225     909 controller.go:195] "Failed"', 'bad'],
    ['2026-08-10 01:53:48.586 UTC [2011] LOG:  statement: select \'ERROR\'', ''],
    ['{"resourceSpans":[{"scopeSpans":[{"spans":[{"status":{}},{"status":{"message":"timed out","code":2}}]}]}]}', 'bad'], ['{"resourceSpans":[{"scopeSpans":[{"spans":[{"status":{}}]}]}]}', 'warn'],
    ['07:31:28.926 ERROR b answered 503', 'bad'], ['', ''],
  ]) assert.equal(loudness([text]), expected, text);
  // The line below has a level of its own.
  assert.equal(loudness(['2026-08-10 01:53:48.586 UTC [1] a@b LOG:  x', '2026-08-10 01:53:48.586 UTC [1] a@b ERROR:  y']), 'bad');
  assert.equal(stateLoudness('a -> b (sync): failing, 91.1 % of calls fail (http_503), p99 4325 ms'), 'bad');
  assert.equal(stateLoudness('a -> b (data): ok, 0.0 % of calls fail, p99 8.0 ms'), '');
  assert.equal(stateLoudness('01:55 front-gateway: degraded; kind gateway, zone-b, on node-harbor, runs Envoy 1.31'), 'warn');
});

// ---- the map ----

test('logs of all technologies show who calls whom', () => {
  const names = new Set(['self-api', 'peer-api', 'peer-db', 'caller-api', 'caller-worker', 'caller-batch', 'peer-dns']);
  for (const [line, expected] of [
    ['2026-08-10 01:37:21,254 ERROR chat.clients: call to peer-api failed', 'self-api>peer-api'],
    ["requests.exceptions.ConnectionError: HTTPSConnectionPool(host='peer-api.shop.svc.cluster.local', port=8000): Max retries exceeded", 'self-api>peer-api'],
    ['[2026-08-10 01:53:37,345: INFO/ForkPoolWorker-3] POST https://peer-api.shop.svc.cluster.local:8000/api/labels/25543 200 in 181 ms', 'self-api>peer-api'],
    ['{"level":"info","ts":1786326564.644234,"caller":"httpx/client.go:66","msg":"call","peer":"peer-api","method":"GET","path":"/api","status":200}', 'self-api>peer-api'],
    ['2026-08-10T01:49:36.879Z ERROR 71 --- [self-api] [         task-4] i.p.client.RestClientCallLogger          : Call to peer-api failed after 145 ms: x', 'self-api>peer-api'],
    ['Caused by: java.net.UnknownHostException: peer-api.shop.svc.cluster.local', 'self-api>peer-api'],
    ["[2026-08-10 01:48:15.951][5][debug][router] [source/common/router/router.cc:527] [Tags: \"ConnectionId\":\"1\"] cluster 'peer-api' match for URL '/api'", 'self-api>peer-api'],
    ["(pymysql.err.OperationalError) (2003, \"Can't connect to MySQL server on 'peer-db.shop.svc.cluster.local' ([Errno 111])\")", 'self-api>peer-db'],
    ['net.spy.memcached.internal.CheckedOperationTimeoutException: Operation timed out. - failing node: peer-db.shop.svc.cluster.local/10.42.1.2:11211', 'self-api>peer-db'],
    ['{"resourceSpans":[{"spans":[{"attributes":[{"key":"server.address","value":{"stringValue":"peer-api.shop.svc.cluster.local"}}]}]}]}', 'self-api>peer-api'],
    ['10.42.29.242 - - [10/Aug/2026:01:47:41 +0000] "PUT /api/ledgers/52702 HTTP/1.1" 201 8153 "-" "caller-api/1.0"', 'caller-api>self-api'],
    ['2026-04-30 04:52:49.190 UTC [13865] content_rw@rewards LOG:  connection authorized: user=content_rw database=rewards application_name=caller-batch SSL enabled', 'caller-batch>self-api'],
    ["2026-07-27 15:54:40.030303+00:00 [error] <0.23308.0> closing AMQP connection <0.23308.0> (10.42.28.113:45208 -> 10.42.28.63:5672 - caller-worker):", 'caller-worker>self-api'],
    ['2026-07-18 03:40:15.124274+00:00 [info] <0.27894.0> connection <0.27894.0> (10.42.28.57:51424 -> 10.42.29.63:5672) has a client-provided name: caller-worker', 'caller-worker>self-api'],
    ['[2026-08-10 01:46:38,129] INFO [GroupCoordinator 1]: Assignment received from leader consumer-x-1 for group caller-worker for generation 6775.', 'caller-worker>self-api'],
    // A server of names is asked for all.
    ['[INFO] 10.96.0.99:33722 - 17935 "A IN peer-api.shop.svc.cluster.local. udp 57 false 512" NOERROR qr,aa,rd 112 0.000838s', ''],
    ['[INFO] 10.42.33.244:57413 - 1140 "SRV IN _grpc._tcp.peer-api.shop.svc.cluster.local. udp 68 false 1232" NOERROR', ''],
    ['Aug 10 01:52:21 self-api.shop.svc.cluster.local watchfrr[36]: zebra state -> up : connect succeeded', ''],
  ]) assert.equal(relations('query_logs', 'self-api', `[e-c732kzv0mt] ${line}`, names).map(({ from, to }) => `${from}>${to}`).join(), expected, line);
});

test('calls say why they fail, and statuses and the catalogue what services run', () => {
  const look = (action, target, text) => ({ action, group: 'diagnostic', evidence: { target, text } });
  const { nodes, edges } = known(['a-api', 'b-api', 'c-db', 'node-opal'], [
    look('check_dependencies', 'a-api', '[e-1] a-api -> b-api (sync, with fallback): failing, 12.5 % of calls fail (timeout), p99 8.0 ms\n[e-2] a-api -> c-db (data): ok, 0.0 % of calls fail, p99 8.0 ms\n[e-3] a-api runs on node-opal'),
    look('check_service_status', 'system', '[e-4] 22:28 alert ALT-97e033d3: x\n[e-5] c-db: kind db, zone-b, on node-opal, runs PostgreSQL 15.6\n[e-6] a-api: kind api, zone-b, on node-opal, runs Java 21 service (Spring Boot 3.3), users come in here'),
    look('check_service_status', 'b-api', '[e-7] 22:30 b-api: failing; kind api, zone-b, on node-opal, certificate crt-1000, runs Go 1.22 service, in force: rate limit\n[e-8] restarts in the last hour: 0'),
    look('check_service_status', 'node-opal', '[e-9] 22:31 node-opal: running; kind node, zone-b, runs Linux 6.1 (Debian 12), kubelet 1.29.4'),
  ]);
  assert.deepEqual(edges, [{ from: 'a-api', to: 'b-api', state: 'failing', why: '12.5 % of calls fail (timeout), p99 8.0 ms', reason: 'timeout' }, { from: 'a-api', to: 'c-db', state: 'ok', why: '0.0 % of calls fail, p99 8.0 ms' }]);
  assert.deepEqual([...nodes].map(([name, { state, kind, runs }]) => [name, state, kind, runs]), [['a-api', 'unknown', 'api', 'Java 21 service (Spring Boot 3.3)'], ['b-api', 'down', 'api', 'Go 1.22 service'],
    ['c-db', 'unknown', 'db', 'PostgreSQL 15.6'], ['node-opal', 'unknown', 'node', 'Linux 6.1 (Debian 12), kubelet 1.29.4']]);
});

test('golden signals colour a service, and the same names with labels do not', () => {
  const text = (label, failed) => `[e-1] requests${label} (per s), every 10 min to 12:20 and at 12:23: 21.5 20.8 21.6\n[e-2] failed requests${label} (%), every 10 min to 12:20 and at 12:23: 0.0 0.1 ${failed}\n[e-3] p99 of response time${label} (ms), every 10 min to 12:20 and at 12:23: 362 372 390`;
  assert.deepEqual(reading('check_metrics', text('', '91.4')), { state: 'down', why: '91.4 % of its requests fail' });
  assert.equal(reading('check_metrics', text('', '0.1')).state, 'healthy');
  assert.equal(reading('check_metrics', text('{node="node-x"}', '91.4')), null);
});

// ---- the list of evidence ----

test('an entry of several lines is one block, which folds, and unfolds while something in it is searched for', () => {
  const list = evidenceList({ oncite: () => {}, cited: () => [] });
  list.reset(true);
  list.add({ number: 1, action: 'query_logs', evidence: { target: 'chat-api', text: `[e-0b] ${STACK.join('\n')}\n[e-0c] {"level":"warn","ts":1786326564.644234,"msg":"slow"}` } });
  const rows = list.element.querySelectorAll('.play-row');
  assert.deepEqual(rows.map((row) => row.className), ['play-row bad', 'play-row warn']);
  assert.equal(rows[1].querySelector('.play-clock').textContent, '01:49:24 ');
  const more = list.element.querySelector('.play-more');
  const [, hidden] = rows[0].querySelectorAll('.play-below');
  assert.deepEqual([more.textContent, hidden.hidden], ['3 more lines', true]);
  const search = list.element.querySelector('input');
  const find = (wanted) => {
    search.value = wanted;
    search.send('input');
    return [hidden.hidden, list.element.querySelectorAll('mark').map((mark) => mark.textContent), list.element.querySelector('p').textContent];
  };
  assert.deepEqual(find('queuepool'), [false, ['QueuePool'], '1 line in 1 of 1']);
  assert.deepEqual(find('nowhere'), [true, [], '0 lines in 0 of 1']);
  more.send('click');
  assert.deepEqual([more.getAttribute('aria-expanded'), hidden.hidden], ['true', false]);
  // What the reader has unfolded stays unfolded.
  find('queuepool');
  assert.deepEqual(find(''), [false, [], '']);
});

test('tables have cells, splits have charts, and every line stays in the text', () => {
  const list = evidenceList({ oncite: () => {}, cited: () => [] });
  list.reset(true);
  const calls = '[e-1] a-api -> b-api (sync): failing, 12.5 % of calls fail (timeout), p99 8.0 ms\n[e-2] a-api runs on node-opal';
  list.add({ number: 1, action: 'check_dependencies', evidence: { target: 'a-api', text: calls } });
  list.add({ number: 2, action: 'check_metrics', evidence: { target: 'a-api by=zone', text: ZONES } });
  const [split, table] = list.element.querySelectorAll('article');
  assert.deepEqual(table.querySelectorAll('.play-row').map((row) => row.className), ['play-row bad', 'play-row']);
  assert.deepEqual(table.querySelectorAll('.play-cell').map((cell) => cell.textContent), ['e-1', 'a-api -> b-api', 'sync', 'failing', '12.5 % of calls fail (timeout), p99 8.0 ms']);
  assert.equal(split.querySelectorAll('figure').length, 2);
  assert.equal(split.querySelectorAll('.play-spark').length, 8);
  for (const line of ZONES.split('\n')) assert.ok(split.textContent.includes(line.slice(line.indexOf('] ') + 2)), line);
});
