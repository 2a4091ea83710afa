// The words and patterns by which known.js reads the English of the evidence. A text that is worded anew may need another entry here.
//
// There are two kinds of evidence. A table is the text of a written scenario: columns as a tool of operations prints them. A record is
// the text of a generated incident: lines that begin with an id, such as `[e-c732kzv0mt] `. tests/web/evidence.test.js pins what the
// patterns find in every embedded text, so a change of either side shows there.

/** A tool that is overloaded prints `no answer within 30 s`. Its text tells nothing about the service. */
export const NO_ANSWER = /no answer within/;

/** A text of records has a line that begins with an id: `[e-c732kzv0mt] …`. */
export const RECORDS = /^\[e-[0-9a-z]+\]/m;

/** Names of runbook steps that look and change nothing: `verify_db_health`, `check_replication`. */
export const LOOKING_STEP = /^(?:verify|check)_/;

// ---- the status of a service ----

/** A record of a status names the kind of the service: `[e-8638kzv0mt] 07:27 svc-talc: degraded; kind gateway, zone-a`. */
export const RECORD_KIND = /: \w+; kind (\w+)/;

/** A record of a status, or of the list of all services, says what the service runs: `svc-reed: kind db, zone-b, on node-opal, runs PostgreSQL 15.6`. */
export const RECORD_RUNS = /, runs (.+?)(?:, users come in here|, in force: .*)?$/m;

/** A record of the list of all services names a service and its kind: `[e-8638kzv0mt] svc-talc: kind gateway, zone-a, on node-osier, runs nginx 1.26, users come in here`. */
export const RECORD_CATALOGUE = /^\[e-[0-9a-z]+\] (\S+): kind (\w+).*$/gm;

/** A record of a status says one of three words: `[e-8638kzv0mt] 07:27 svc-talc: degraded; kind gateway, zone-a`. */
export const RECORD_STATE = /: (healthy|degraded|failing)\b/;

/** A table of a status counts instances: `3/4 ready`, or `31/31 in rotation` for the nodes of a network. */
export const READY = /\b(\d+)\/(\d+) (?:ready|in rotation)/;

/** A line of a status table that has one of these tells of trouble, although every instance may be ready. */
export const TROUBLE = [
  // `readiness failing (port 5432 closed)`, `readiness 503 "db: connection refused"`, and not `readiness ok 2ms`
  /readiness (?:failing|\d{3}\b)/,
  // `external probe AZ-2  timeout 10 s, 20 of 20`
  /timeout \d+ ?s/,
  // `last exit 137 OOMKilled 02:28:12Z`
  /\bOOMKilled\b/,
  // `payment-service unreachable 8/8 pods`
  /\bunreachable\b/,
  // `auth-service 503`, `AZ-2 504 after 9.0 s`
  /\b50[234]\b/,
  // `auth failures 81/s`, and not `auth failures 0/s`
  /\bfailures? [1-9][\d.]*\/s/,
  // `496 held by clients failing authentication`, and not `0 held by clients failing authentication`
  /^(?!.*\b0 held by clients failing\b).*\bfailing\b/,
  // `db pool: 0 established, 343 authenticating, max 360, last error 28P01`
  /\blast error \S/,
  // `upstream auth-service 0 of 6 endpoints ready`
  /\b0 of [1-9]\d* endpoints ready/,
  // `session 10.0.2.1     Idle, advertised 0 (AZ-2)`: a session of BGP that is not established
  /\bsession \S+\s+Idle\b/,
];

/** A table of a status counts the restarts of the last quarter of an hour: `restarts(15m)  4`. */
export const RESTARTS = /\brestarts\(15m\)\s+([1-9]\d*)/;

// ---- the metrics of a service ----

/** The records of metrics are series, which series.js reads. These two labels decide. */
export const RECORD_SERIES = { failed: 'failed requests (%)', times: 'p99 of response time (ms)' };

/** A row of a metrics table: `login_success    0.0 %    baseline 99.7 %`. */
export const METRIC_ROW = /^(\S.*?)\s{2,}(\S.*?)\s{2,}baseline (\S.*)$/gm;

/** What a metric's name says about its value. */
export const METRIC = {
  // `login_success`, `order_write_success`: a share that should be near 100 %
  success: /success/,
  // `http_5xx_ratio`, `checkout_failed_ratio`, `external_probe_timeout`: a share that should be near 0
  failure: /5xx|503|error|failed|timeout/,
  // Of the shares of failures, only those of all requests can say that a service answers none.
  ofAllRequests: /^(?:http_)?(?:5xx_ratio|503_ratio|error_rate)$/,
  // `connections_refused`, `oom_kills`, `db_connections_lost`: a count that should be 0
  incident: /refused|rejected|timeout|failures|kills|_lost\b/,
};

/** A share, as `94 %` or `94%`. */
export const PERCENT = /^[\d.]+ ?%/;

/** A part of a whole, as `2/4`, `500 / 500` or `2 of 4`. */
export const PART = /^(\d+) ?(?:\/|of) ?(\d+)\b/;

/** The first number of a value, with spaces or commas between thousands: `1 412`. */
export const NUMBER = /-?\d[\d ,]*(?:\.\d+)?/;

// ---- who calls whom ----

/** A record of a dependency: `[e-87b7kzv0mt] svc-saffron -> svc-briar (sync): failing, 22.0 % of calls fail (timeout), p99 186 ms`. */
export const RECORD_CALL = /^\[e-[0-9a-z]+\] (\S+) -> (\S+) \(.*?\): (ok|slow|failing), (.*)$/;
/** It says why most of the failed calls fail: `12.5 % of calls fail (timeout)`. */
export const RECORD_REASON = /% of calls fail \((\w+)\)/;

/** The last line of a table of dependencies: `called by: api-gateway, product-service`. */
export const CALLERS = /^called by: (.*)$/;

/** A row of a table of dependencies begins with the service that is called: `postgres-db  state=refused  err=100.0 %`. */
export const CALLED = /^(\S+)\s/;
export const CALL_STATE = /\bstate=(\S+)/;
export const CALL_ERRORS = /\berr=([\d.]+ %)/;

/** What the states of such a row mean for the line on the map. */
export const CALL = {
  __proto__: null,
  up: 'ok', ok: 'ok', active: 'ok',
  slow: 'slow', degraded: 'slow', throttled: 'slow', saturated: 'slow',
  failing: 'failing', refused: 'failing', flapping: 'failing', down: 'failing', 'breaker-open': 'failing', 'no-route': 'failing', 'auth-fail': 'failing',
};

const NAME = '([A-Za-z0-9][A-Za-z0-9_.-]*?)';
const phrases = (list) => list.map((pattern) => new RegExp(pattern, 'gm'));

/** Phrases of logs in which the service that writes the line calls the other. */
export const CALLS_OUT = phrases([
  // A name of a host: `host='mail-api.shop.svc.cluster.local', port=8000`; and
  // not `"A IN mail-api.shop.svc.cluster.local. udp`, which a server of names is asked for.
  `(?<!\\bIN |[\\w.-])${NAME}\\.[a-z]+\\.svc\\b`,
  // `{"level":"info",…,"msg":"call","peer":"shipping-api",…}`
  `"peer":"${NAME}"`,
  // `ERROR chat.clients: call to refunds-api failed`, `Call to refunds-api failed after 145 ms`, `breaker open for calls to auth-service (failing)`
  `[Cc]alls?(?:ing)?(?: to)? ${NAME} `,
  // `cluster 'digest-api' match for URL '/api/tickets/84054'`
  `cluster '${NAME}' match`,
  // `wrote 9471570 rows to svc-reed`
  `wrote \\d+ rows to ${NAME}$`,
  // `upstream=order-service`, `upstream: auth-service POST /v1/token/validate timeout`
  `upstream[=:] ?${NAME}\\b(?![-\\w])`,
  // `upstream auth-service: POST /v1/token/verify slow 4.3s`
  `upstream ${NAME}:`,
  // `dial svc-ochre: connection refused`
  `(?:dial|calling) ${NAME}:`,
  // `connect to svc-ochre failed: ECONNREFUSED`, `open connection to postgres-db:5432 failed`
  `connect(?:ion)? to ${NAME}(?::\\d+)? `,
  // `no route to svc-harbor`
  `no route to ${NAME}$`,
  // `breaker: auth-service closed -> open (failures 96 % of the last 200 calls)`
  `breaker: ${NAME} `,
  // `origin: image-service GET /img/p/40973/w640.webp 503 after 3 fetches`
  `origin: ${NAME} `,
]);

/** Phrases of logs in which the other calls the service that writes the line. */
export const CALLS_IN = phrases([
  // `connection authorized: user=content_rw database=rewards application_name=content-batch`
  `\\bapplication_name=${NAME}(?![-\\w])`,
  // `"PUT /api/ledgers/52702 HTTP/1.1" 201 8153 "-" "front-gateway/1.0"`
  `"${NAME}/\\d+\\.\\d+"$`,
  // `connection <0.7692.0> (10.42.28.59:41218 -> 10.42.28.246:5672) has a client-provided name: shipping-worker`
  `has a client-provided name: ${NAME}$`,
  // `closing AMQP connection <0.16090.0> (10.42.28.59:41218 -> 10.42.28.246:5672 - shipping-worker, vhost: '/')`
  `-> [\\d.]+:\\d+ - ${NAME}[,)]`,
  // `Assignment received from leader … for group archive-worker for generation 6775`
  `\\b[Gg]roup ${NAME} `,
  // `app=analytics-service/full_history_export`: the log of a database names its client
  `\\bapp=${NAME}(?![-\\w])`,
  // `queue_wait=0ms src=cdn-edge`
  `\\bsrc=${NAME}(?![-\\w])`,
  // `inbound 1195 rps from cdn-edge`
  `inbound \\d+ rps from ${NAME}$`,
]);

// ---- names in a text ----

/** Ids of jobs, certificates, changes and feature flags: `job-12`, `crt-5069`, `chg-63625`, `ff-7`. */
export const IDS = /\b(?:job|crt|chg|ff)-\d+\b/g;

/** Versions in a text of recent deploys: changes, and at the beginning of a line `v5.31.2`, `r212` or `model v2.4`. */
export const VERSIONS = /\bchg-\d+\b|^(?:\S+ )?[vr]\d[\w.]*/gm;
