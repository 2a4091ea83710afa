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

/** A record of the list of all services names a service and its kind: `[e-8638kzv0mt] svc-talc: kind gateway, zone-a, users come in here`. */
export const RECORD_CATALOGUE = /^\[e-[0-9a-z]+\] (\S+): kind (\w+)/gm;

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

/** The records of metrics are series of twelve points, `[e-b0dckzv0mt] LABEL, every 10 min to 09:21: 0.3 0.0 … 3.5`. These two labels decide. */
export const RECORD_SERIES = { failed: 'failed requests (%)', times: 'p99 of response time (ms)' };

/** The points of a series are the numbers at the end of its line. */
export const POINTS = /: ([\d. ]+)$/;

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

/** A record of a dependency: `[e-87b7kzv0mt] svc-saffron -> svc-briar (sync): failing, 22.0 % of calls fail, p99 186 ms`. */
export const RECORD_CALL = /^\[e-[0-9a-z]+\] (\S+) -> (\S+) \(.*?\): (ok|slow|failing), (.*)$/;

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
  // `called svc-marl: ok in 5 ms`
  `called ${NAME}:`,
  // `[e-c732kzv0mt] 07:31:28.926 ERROR svc-harbor answered 500`
  `\\] [\\d:.]+ [A-Z]+ ${NAME} answered `,
  // `call to svc-pearl took 82 ms`, `deadline exceeded calling svc-pearl (900 ms)`
  `call(?:ing)?(?: to)? ${NAME} `,
  // `upstream=order-service`, `upstream: auth-service POST /v1/token/validate timeout`
  `upstream[=:] ?${NAME}\\b(?![-\\w])`,
  // `upstream auth-service: POST /v1/token/verify slow 4.3s`
  `upstream ${NAME}:`,
  // `TLS error calling svc-pearl`
  `calling ${NAME}$`,
  // `svc-pearl: RESOURCE_EXHAUSTED`
  ` ${NAME}: RESOURCE_EXHAUSTED`,
  // `dial svc-ochre: connection refused`
  `(?:dial|calling) ${NAME}:`,
  // `connect to svc-ochre failed: ECONNREFUSED`, `open connection to postgres-db:5432 failed`
  `connect(?:ion)? to ${NAME}(?::\\d+)? `,
  // `handshake with svc-harbor failed`
  `handshake with ${NAME} `,
  // `x509: certificate of svc-harbor is not valid at the current time`, `TLS alert 45 from svc-harbor`
  `certificate of ${NAME} is not valid`,
  `TLS alert \\d+ from ${NAME}$`,
  // `lookup svc-harbor.internal: no such host`, `resolver answered NXDOMAIN for svc-harbor.internal`
  `(?:lookup|NXDOMAIN for) ${NAME}\\.internal\\b`,
  // `lookup of svc-harbor failed`
  `lookup of ${NAME} `,
  // `could not resolve svc-harbor`
  `could not resolve ${NAME}$`,
  // `no route to svc-harbor`
  `no route to ${NAME}$`,
  // `svc-fern rejected the request: 401`
  ` ${NAME} rejected the request`,
  // `svc-harbor unreachable`
  ` ${NAME} unreachable`,
  // `wrote 9471570 rows to svc-reed`
  `wrote \\d+ rows to ${NAME}$`,
  // `breaker: auth-service closed -> open (failures 96 % of the last 200 calls)`
  `breaker: ${NAME} `,
  // `origin: image-service GET /img/p/40973/w640.webp 503 after 3 fetches`
  `origin: ${NAME} `,
  // `trace of a request: svc-talc 200 ms, failed; in it svc-harbor 57 ms, failed`
  `in it ${NAME} \\d+ ms`,
]);

/** Phrases of logs in which the other calls the service that writes the line. */
export const CALLS_IN = phrases([
  // `app=analytics-service/full_history_export`: the log of a database names its client
  `\\bapp=${NAME}(?![-\\w])`,
  // `queue_wait=0ms src=cdn-edge`
  `\\bsrc=${NAME}(?![-\\w])`,
  // `connection received from svc-opal`
  `connection received from ${NAME}$`,
  // `client svc-opal connected`
  `client ${NAME} connected$`,
  // `consumer group of svc-opal rebalanced in 40 ms`
  `consumer group of ${NAME} `,
  // `inbound 1195 rps from cdn-edge`
  `inbound \\d+ rps from ${NAME}$`,
]);

// ---- names in a text ----

/** Ids of jobs, certificates, changes and feature flags: `job-12`, `crt-5069`, `chg-63625`, `ff-7`. */
export const IDS = /\b(?:job|crt|chg|ff)-\d+\b/g;

/** Versions in a text of recent deploys: changes, and at the beginning of a line `v5.31.2`, `r212` or `model v2.4`. */
export const VERSIONS = /\bchg-\d+\b|^(?:\S+ )?[vr]\d[\w.]*/gm;
