// Says how loud a line of a log is, whatever the technology that wrote it. Each has its own spelling of levels.

const BAD = 'bad';
const WARN = 'warn';
const QUIET = '';

const LEVELS = {
  __proto__: null,
  fatal: BAD, panic: BAD, emerg: BAD, alert: BAD, critical: BAD, crit: BAD, error: BAD, err: BAD, severe: BAD, rmt: BAD, bug: BAD, major: BAD,
  warning: WARN, warn: WARN, minor: WARN,
};
const level = (word) => LEVELS[word.toLowerCase()] ?? QUIET;

/** Levels of pino are numbers, 40 for a warning. Those of librdkafka are of syslog, 4 for a warning. */
const pino = (number) => (number >= 50 ? BAD : number >= 40 ? WARN : QUIET);
const syslog = (number) => (number <= 3 ? BAD : number === 4 ? WARN : QUIET);
/** Klog writes a letter: E0810. */
const KLOG = { F: BAD, E: BAD, W: WARN, I: QUIET };
/** A server that answers 5xx fails, and one that answers these turns a caller away. Other refusals are the caller's own. */
const REFUSALS = [401, 403, 408, 429, 499];
const status = (code) => (code >= 500 ? BAD : REFUSALS.includes(code) ? WARN : QUIET);

/** What says the level of a line. The first that is found decides, so they are in the order of their certainty. */
const SIGNS = [
  // `{"level":"error",…}` of zap and etcd, `{"level":50,…}` of pino
  [/^\{"level":"(\w+)"/, level],
  [/^\{"level":(\d+)\b/, (number) => pino(Number(number))],
  // `"status":{"indicator":"critical",…}` of a status page, `"type":"Warning"` of an event of Kubernetes
  [/^\{"page":.*"indicator":"(\w+)"/, level],
  [/^\{"apiVersion":.*"type":"(\w+)"/, level],
  // `"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"` of a pod of Kubernetes
  [/^\{"apiVersion":.*"exitCode":([1-9]\d*)\b/, () => WARN],
  // A trace of a request in the protocol of OpenTelemetry: a span of it failed, or it was slow.
  [/^\{"resourceSpans":.*?(?:"status":\{[^{}]*"code":(2)\}|$)/, (code) => (code === '2' ? BAD : WARN)],
  // `{"requestId":…,"status":502,…}` of a managed API, and any other object with a status
  [/^\{.*"status(?:Code)?":(\d{3})\b/, (code) => status(Number(code))],
  // `{"time":…,"type":"response",…,"error":"permission denied"}` of an audit log
  [/^\{"time":.*"error":"([^"]+)"/, () => WARN],
  [/^\{/, () => QUIET],
  // `%3|1786326564.644|FAIL|…` of librdkafka
  [/^%(\d)\|/, (number) => syslog(Number(number))],
  // `10:M 10 Aug 2026 01:53:25.587 # …` of Redis
  [/^\d+:[A-Z] \d+ \w+ \d{4} [\d:.]+ ([.*#-]) /, (mark) => (mark === '#' ? WARN : QUIET)],
  // `kubelet[909]: E0810 01:00:09.735225 …`
  [/^.{0,80}\]: ([FEWI])\d{4} \d\d:/, (letter) => KLOG[letter]],
  // `containerd[631]: time="…" level=error msg="…"`
  [/^.{0,120} level=(\w+) /, level],
  // `"GET /api/orders/90540 HTTP/1.1" 503 UF 0 …` of an access log
  [/ HTTP\/[\d.]+" (\d{3})\b/, (code) => status(Number(code))],
  // `[2026-08-10 01:39:25.181][10][debug][pool] […] max pending streams overflow`: Envoy tells of a failure at this level only.
  [/^\[.{0,40}\]\[debug\].* (?:overflow|failed|expired|timed out|timeout|refused|reset)\b/, () => WARN],
  // `[2026-08-10 01:39:25.181][10][error][pool]`, `2026/07/18 03:40:35 [warn]`, `[ERROR] plugin/errors`, `<RMT> edge_rtr1: Error`, `[MY-010584]` is none
  [/^.{0,60}?[[<](emerg|alert|critical|crit|error|err|warning|warn|rmt|bug|fatal|auth|notice|note|system|info|debug|trace)\s*[\]>]/i, level],
  // `2026-08-10 01:37:21,254 ERROR chat.clients: …`, `… INFO/MainProcess] …`, `archive_rw@audit FATAL:  …`
  [/^.{0,140}?(?:^|[\s[])(FATAL|PANIC|CRITICAL|ERROR|SEVERE|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE|LOG|DETAIL|HINT|STATEMENT|CONTEXT)(?=[\s:\]/])/, level],
  // An answer of memcached, and what programs write without a level.
  [/^>\d+ SERVER_ERROR|^Traceback \(most recent call last\)|^panic: |^(?:Unc|unc)aught |\bUnhandled\b|\boom-kill\b|\b[Oo]ut of memory: Killed\b|^java\.lang\.OutOfMemoryError/, () => BAD],
  [/ error=(?:connecting|conntimeout|timeout|\w+) |\bhttp: (?:TLS handshake error|panic)|\bDown BGP Notification\b|\bRoute install failed\b|\bToo many open (?:files|connections)\b/, () => WARN],
];

/** Returns how loud an entry is, `bad`, `warn` or nothing. The lines below its first count if they have a level of their own. */
export function loudness(lines) {
  const said = lines.map((line) => {
    for (const [pattern, read] of SIGNS) {
      const found = pattern.exec(line);
      if (found) return read(found[1]);
    }
    return QUIET;
  });
  return said.includes(BAD) ? BAD : said.includes(WARN) ? WARN : QUIET;
}

/** A record of a call or of a status says a state. */
const STATE = /^\S+ -> \S+ \(.*?\): (slow|failing),|^\d\d:\d\d \S+: (degraded|failing); kind /;

/** Returns how loud a record of a call or of a status is. */
export function stateLoudness(line) {
  const found = STATE.exec(line);
  if (!found) return QUIET;
  return (found[1] ?? found[2]) === 'failing' ? BAD : WARN;
}
