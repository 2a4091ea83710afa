#!/usr/bin/env python3
"""Checks that programs of others read the logs, the series and the traces of generated incidents; dialects.sh runs it.

    dialects_check.py play ADDRESS      looks at every part of the incident that is served, until time is out
    dialects_check.py check BENCH [FILE of what was played]… [--count N] [--seed S]

The records of looks are put back into the files that a technology would have written, one a stream, in the order of
time, and given to the programs. Everything that a program does not read, or reads otherwise than it was meant, is a
failure, but for streams that the installed lnav has no format for: the table has them without a share. The time of
every line must lie in what the look is about, and not before that of the line above."""

import argparse
import base64
import collections
import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field

LEVELS = ["easy", "medium", "hard", "expert"]
# The release that the dialects say they print.
KUBERNETES = "1.29"

# ---- what a look shows ----

RECORD = re.compile(r"\[e-[0-9a-z]{10}\] ")
SECTION = re.compile(r"((?:query_logs|check_[a-z_]+)) ([\w-]+)$")
HEADING = re.compile(r"(\d\d):(\d\d) log of ([\w.-]+) \((.*); ([^;]*)\), last (\d+) min: (\d+) sampled entries; ")
# What the store of traces says, in the protocol of OpenTelemetry.
TRACE = re.compile(r'\{"resourceSpans":')
SERIES = re.compile(
    r"(?P<label>.+?)(?: \((?P<unit>[^(){}]*)\))?, every \d+ min to \d\d:\d\d and at \d\d:\d\d: (?P<values>.*)"
)
METRIC = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*_[a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})?$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')

# ---- the grammars ----

ISO = r"\d{4}-\d\d-\d\d"
CLOCK = r"\d\d:\d\d:\d\d"
EPOCH = "epoch"


@dataclass(frozen=True)
class Stream:
    """What one program writes: how a line begins, and how its time is written. `lnav` is the format by which lnav must
    read it (None: any that it has), `since` one that it must have to read it at all, as only newer versions do."""

    name: str
    begins: re.Pattern
    time: str | None = None
    lnav: str | None = None
    since: str | None = None
    only: str = ""
    json: bool = False


def stream(name, begins, time=None, **more):
    return Stream(name, re.compile(begins), time, **more)


# The first that matches is it. `only` begins the name of the technology that alone may print it.
STREAMS = [
    stream("pino JSON", r'\{"level":\d+,"time":\d+,', since="pino_log", only="Node.js", json=True),
    stream("JSON", r"\{", json=True),
    stream(
        "journal",
        rf"(?P<time>[A-Z][a-z]{{2}} [ \d]\d {CLOCK}) [\w.-]+ [\w-]+(?:\[\d+\])?: ",
        "%b %d %H:%M:%S",
        lnav="syslog_log",
    ),
    stream(
        "access log",
        rf'[\d.]+ - \S+ \[(?P<time>\d\d/[A-Z][a-z]{{2}}/\d{{4}}:{CLOCK} \+0000)\] "',
        "%d/%b/%Y:%H:%M:%S +0000",
        lnav="access_log",
    ),
    stream("access log", rf'\[(?P<time>{ISO}T{CLOCK}\.\d{{3}}Z)\] "', "%Y-%m-%dT%H:%M:%S.%fZ", only="Envoy"),
    stream(
        "log",
        rf"\[(?P<time>{ISO} {CLOCK}\.\d{{3}})\]\[\d+\]\[[a-z]+\]",
        "%Y-%m-%d %H:%M:%S.%f",
        since="spdlog_log",
        only="Envoy",
    ),
    stream("log", rf"\[(?P<time>{ISO} {CLOCK},\d{{3}})\] [A-Z]+ ", "%Y-%m-%d %H:%M:%S,%f", only="Apache Kafka"),
    stream(
        "Celery log",
        rf"\[(?P<time>{ISO} {CLOCK},\d{{3}}): [A-Z]+/\w+(?:-\d+)?\] ",
        "%Y-%m-%d %H:%M:%S,%f",
        only="Python",
    ),
    stream(
        "gunicorn log",
        rf"\[(?P<time>{ISO} {CLOCK} \+0000)\] \[\d+\] \[[A-Z]+\] ",
        "%Y-%m-%d %H:%M:%S +0000",
        only="Python",
    ),
    stream("log", rf"(?P<time>{ISO} {CLOCK},\d{{3}}) [A-Z]+ ", "%Y-%m-%d %H:%M:%S,%f"),
    stream("error log", rf"(?P<time>{ISO}T{CLOCK}\.\d{{6}}Z) \d+ \[[A-Z]", "%Y-%m-%dT%H:%M:%S.%fZ", only="MySQL"),
    stream(
        "slow log",
        rf"# Time: (?P<time>{ISO}T{CLOCK}\.\d{{6}}Z)$",
        "%Y-%m-%dT%H:%M:%S.%fZ",
        since="mysql_slow_log",
        only="MySQL",
    ),
    stream("log", rf"(?P<time>{ISO}T{CLOCK}\.\d{{3}}Z) +\[?[A-Z]+", "%Y-%m-%dT%H:%M:%S.%fZ"),
    stream(
        "log", rf"(?P<time>{ISO} {CLOCK}\.\d{{6}}\+00:00) \[[a-z]+\] <", "%Y-%m-%d %H:%M:%S.%f+00:00", only="RabbitMQ"
    ),
    stream(
        "server log", rf"(?P<time>{ISO} {CLOCK}\.\d{{3}} UTC) \[\d+\] ", "%Y-%m-%d %H:%M:%S.%f UTC", only="PostgreSQL"
    ),
    stream("log", rf"(?P<time>{ISO} {CLOCK}\.\d{{3}}) <[A-Z]+> ", "%Y-%m-%d %H:%M:%S.%f", only="BIRD"),
    stream(
        "log",
        rf"\d+:[MSCX] (?P<time>\d\d [A-Z][a-z]{{2}} \d{{4}} {CLOCK}\.\d{{3}}) [.*#-] ",
        "%d %b %Y %H:%M:%S.%f",
        since="redis_log",
        only="Redis",
    ),
    stream("log", rf"(?P<time>\d{{4}}/\d\d/\d\d {CLOCK}) ", "%Y/%m/%d %H:%M:%S"),
    stream("librdkafka log", r"%\d\|(?P<time>\d+\.\d{3})\|[A-Z]+\|", EPOCH, since="librdkafka_log", only="Python"),
    stream("watcher", r"ts=(?P<time>\d+\.\d{6}) gid=\d+ type=", EPOCH, since="memcached_log", only="memcached"),
    # These programs print no time: who keeps their lines adds one.
    stream("log", r"\[(?:INFO|WARNING|ERROR)\] ", only="CoreDNS"),
    stream("log", r"[<>]?\d+:? |accept4\(\): |Too many open connections", only="memcached"),
    stream("console", r"(?:\(node:\d+\)|\[ioredis\]|MemJS:|[A-Z]\w*Error\b|Warning: )", only="Node.js"),
]
# Behind what the journal puts in front of the lines of these programs stands what they print: again a format of lnav.
IN_JOURNAL = [
    ("kubelet", re.compile(r"kubelet\[\d+\]: (.*)"), "glog_log"),
    ("containerd", re.compile(r"containerd\[\d+\]: (.*)"), "logfmt_log"),
]


@dataclass
class Entry:
    """A record of a log."""

    technology: str
    stream: Stream
    text: str
    # The times of its lines that have one, and where it was seen.
    times: list
    where: str

    def lines(self):
        return self.text.split("\n")

    def at(self):
        return self.times[0]


@dataclass
class Seen:
    """What was collected, and what is wrong with it."""

    incidents: int = 0
    looks: int = 0
    entries: list = field(default_factory=list)
    # Name, labels, unit and the last value, by look.
    series: list = field(default_factory=list)
    skipped: collections.Counter = field(default_factory=collections.Counter)
    expressions: set = field(default_factory=set)
    objects: list = field(default_factory=list)
    # Traces, each with the end of the minute that it was looked at in, and where.
    traces: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def wrong(self, what, where=""):
        self.problems.append(f"{what}{f' ({where})' if where else ''}")

    def row(self, technology, what, lines, reader, read, must=True):
        """Adds a row of the table. What must be read is, to the last line."""
        self.rows.append((technology, what, lines, reader, None if read is None else read))
        if must and read != lines:
            self.wrong(f"{reader} reads {read} of {lines} lines of {technology}, {what}")


# ---- collecting ----


def play(address):
    """Looks at the log, then at the metrics, of every part of an incident. What was seen goes out as in `explain`."""
    seen = ask(address, "reset", {"scenario_index": 0})
    looks = [(action, part) for action in ("query_logs", "check_metrics") for part in seen["known_services"]]
    for action, part in looks:
        if seen["done"] or seen["step_count"] + 1 >= seen["max_steps"]:
            break
        seen = ask(address, "step", {"action_type": action, "parameters": {"service": part}})["observation"]
    json.dump(seen["queried_data"], sys.stdout)


def ask(address, path, body):
    request = urllib.request.Request(
        f"{address}/{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def explain(bench, seed, level, number):
    command = [bench, "explain", str(seed), "--level", level, "--number", str(number), "--records", "--color", "never"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    name = text.split(" ", 1)[0]
    looks, records = [], None
    for line in text.split("\nRecords at the alert\n", 1)[1].split("\n"):
        if section := SECTION.match(line):
            records = []
            looks.append((*section.groups(), records))
        elif records is not None:
            records.append(line)
    return [(f"{name} {action} {part}", action, "\n".join(lines).rstrip("\n")) for action, part, lines in looks]


def collect(seen, options):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        asked = [(level, number) for level in LEVELS for number in range(options.count)]
        incidents = list(pool.map(lambda one: explain(options.bench, options.seed, *one), asked))
    for file in options.played:
        played = json.loads(pathlib.Path(file).read_text())
        incidents.append(
            [
                (f"{file} {action} {part}", action, text)
                for action, parts in played.items()
                for part, text in parts.items()
            ]
        )
    for looks in incidents:
        seen.incidents += 1
        for where, action, text in looks:
            if action not in ("query_logs", "check_metrics"):
                continue
            seen.looks += 1
            records = []
            for line in text.split("\n"):
                if RECORD.match(line):
                    records.append(line[RECORD.match(line).end() :])
                elif records:
                    records[-1] += "\n" + line
                else:
                    seen.wrong(f"a look begins with {line[:60]!r}", where)
            (read_log if action == "query_logs" else read_metrics)(seen, where, records)


def read_log(seen, where, records):
    heading = HEADING.match(records[0])
    if not heading:
        return seen.wrong(f"no heading: {records[0][:100]!r}", where)
    hour, minute, _, technology, _, window, _ = heading.groups()
    last, year = None, None
    for text in records[1:]:
        if TRACE.match(text):
            seen.traces.append((text, int(hour) * 60 + int(minute), where))
            continue
        of = (
            "Kubernetes"
            if re.match(r'\{"apiVersion"|[A-Z][a-z]{2} [ \d]\d [\d:]{8} [\w-]+ kernel: ', text)
            and not technology.startswith("Linux")
            else technology
        )
        found = next(
            (one for one in STREAMS if one.begins.match(text.split("\n", 1)[0]) and technology.startswith(one.only)),
            None,
        )
        if found is None:
            seen.wrong(f"a line in no grammar of {technology}: {text[:160]!r}", where)
            continue
        entry = Entry(of, found, text, times_of(seen, found, text, where), where)
        seen.entries.append(entry)
        for at in entry.times:
            # What has no year is of that of the lines around it.
            if found.time is None or found.time == EPOCH or "%Y" in found.time:
                last = last and year is None and last.replace(year=at.year) or last
                year = at.year
            elif year:
                at = at.replace(year=year)
            # The heading has the time of day: the look is at the one that is nearest.
            now = at.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
            now += datetime.timedelta(days=round((at - now) / datetime.timedelta(days=1)))
            if not now - datetime.timedelta(minutes=int(window)) <= at <= now:
                seen.wrong(f"a line of {at} in the {window} minutes before {now}: {text[:100]!r}", where)
            # Some write whole seconds only.
            if last is not None and at.replace(microsecond=0) < last.replace(microsecond=0):
                seen.wrong(f"a line of {at} behind one of {last}: {text[:100]!r}", where)
            last = at


def times_of(seen, found, text, where):
    times = []
    for line in text.split("\n"):
        begins = found.begins.match(line)
        if found.json and line.startswith("{"):
            try:
                value = json.loads(line, object_pairs_hook=once)
            except ValueError as problem:
                seen.wrong(f"no JSON, {problem}: {line[:200]!r}", where)
                continue
            if value.get("kind") in ("Event", "Pod"):
                seen.objects.append((value, where))
            times.extend(json_time(seen, value, where))
        elif begins and found.time:
            times.append(parse_time(begins["time"], found.time))
    if found.time and not times:
        seen.wrong(f"no time: {text[:100]!r}", where)
    return times


def once(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"a key stands twice among {keys}")
    return dict(pairs)


def parse_time(text, form):
    if form == EPOCH:
        return datetime.datetime.fromtimestamp(float(text), datetime.UTC)
    if "%Y" not in form:
        # The year is not written: all such times are read as those of one that has every day.
        return datetime.datetime.strptime(f"{YEAR} {text}", f"%Y {form}").replace(tzinfo=datetime.UTC)
    return datetime.datetime.strptime(text, form).replace(tzinfo=datetime.UTC)


YEAR = 2024


def json_time(seen, value, where):
    """Returns the time that an object of a log was printed at; each of its programs has another field."""
    if value.get("kind") == "Pod":
        return []
    if value.get("kind") == "Event":
        at = value["lastTimestamp"]
    elif "page" in value:
        at = value["page"]["updated_at"]
    else:
        at = next((value[key] for key in ("ts", "time", "timestamp", "requestTimeEpoch") if key in value), None)
    if isinstance(at, str):
        return [datetime.datetime.fromisoformat(at)]
    if isinstance(at, int | float):
        return [datetime.datetime.fromtimestamp(at / 1000 if at > 1e11 else at, datetime.UTC)]
    seen.wrong(f"an object without a time: {json.dumps(value)[:160]}", where)
    return []


def read_metrics(seen, where, records):
    shown = {}
    for text in records:
        series = SERIES.fullmatch(text)
        if not series:
            seen.wrong(f"no series: {text[:120]!r}", where)
            continue
        values = series["values"].split(" ")
        if not all(re.fullmatch(r"-?\d+(\.\d+)?", value) for value in values):
            seen.wrong(f"values that are no numbers: {text[:160]!r}", where)
        metric = METRIC.match(series["label"])
        if not metric:
            kind = "expression" if "{" in series["label"] else "no name of an exporter"
            seen.skipped[f"{re.sub(r'[{].*', '', re.sub(r'^journey .*', 'journey …', series['label']))}: {kind}"] += 1
            if kind == "expression":
                seen.expressions.add(series["label"])
            continue
        seen.expressions.add(series["label"])
        labels = metric["labels"] or ""
        pairs = LABEL.findall(labels)
        if len(",".join(f'{key}="{value}"' for key, value in pairs)) != len(labels):
            seen.wrong(f"labels that cannot be read: {series['label']!r}", where)
        if series["label"] in shown:
            seen.wrong(f"{series['label']} is shown twice, in {shown[series['label']]!r} and {series['unit']!r}", where)
        shown[series["label"]] = series["unit"]
        seen.series.append((len(seen.series), metric["name"], labels, dict(pairs), series["unit"] or "", values[-1]))


def by_stream(seen):
    """Returns the entries of each stream of each technology, in the order of time."""
    files = collections.defaultdict(list)
    for entry in seen.entries:
        files[entry.technology, entry.stream].append(entry)
    for entries in files.values():
        entries.sort(key=lambda entry: entry.times[0].timestamp() if entry.times else 0)
    return files


# ---- the programs ----


def run(command):
    clean = dict(os.environ, HOME=os.getcwd(), TZ="UTC", LC_ALL="C.UTF-8")
    return subprocess.run(command, capture_output=True, text=True, env=clean)


def version(program, option="--version"):
    done = run([program, option])
    return f"{program} {re.search(r'[0-9]+([.][0-9]+)+', done.stdout + done.stderr)[0]}"


def pgbadger(seen, files):
    program = version("pgbadger")
    entries = next(entries for (_, found), entries in files.items() if found.only == "PostgreSQL")
    text = "".join(entry.text + "\n" for entry in entries)
    pathlib.Path("postgresql.log").write_text(text)
    command = [
        "pgbadger",
        "--quiet",
        "--format",
        "stderr",
        "--prefix",
        "%m [%p] %q%u@%d ",
        "--timezone",
        "0",
        "--pid-dir",
        ".",
    ]
    done = run([*command, "-o", "pgbadger.html", "-o", "pgbadger.json", "postgresql.log"])
    said = done.stdout + done.stderr
    written = [os.path.getsize(name) if os.path.exists(name) else 0 for name in ("pgbadger.html", "pgbadger.json")]
    if done.returncode or "FATAL" in said or min(written) < 10_000:
        return seen.wrong(f"pgbadger ended with {done.returncode}: {said[-500:]}")
    report = json.loads(pathlib.Path("pgbadger.json").read_text())
    # A line that it does not read is of none of the levels that it counts. Some LOG lines are an ERROR to it.
    of = collections.Counter(report["logs_type"]["postgres"])
    levels = collections.Counter(re.findall(r"^\S+ \S+ UTC \[\d+\] (?:\S+@\S+ )?([A-Z]+):  ", text, re.MULTILINE))
    for counts in (of, levels):
        counts["LOG"] += counts.pop("ERROR", 0)
    if of != levels:
        seen.wrong(f"pgbadger counts the lines of each level as {dict(of)}, and they are {dict(levels)}")
    seen.row("PostgreSQL 15.6", "server log", sum(len(entry.times) for entry in entries), program, sum(of.values()))
    slow = re.findall(r" LOG:  duration: ([\d.]+) ms  (?:statement|execute [^:]+): ", text)
    overall = report["overall_stat"]["postgres"]
    spent = sum(map(float, slow))
    if abs(overall["queries_duration"]["execute"] - spent) > 1:
        seen.wrong(
            f"pgbadger adds durations up to {overall['queries_duration']['execute']} ms, and they are {spent} ms"
        )
    sessions = report["session_info"]["postgres"]["app"].values()
    for what, begins, counted in [
        ("slow statements", None, overall["queries_number"]),
        ("ends of sessions", "disconnection: session time: ", sum(one["count"] for one in sessions)),
        ("checkpoints", "checkpoint starting: time", report["checkpoint_info"]["starting"]["time"]),
        ("automatic vacuums", "automatic vacuum of table ", report["autovacuum_info"]["postgres"]["count"]),
        ("automatic analyses", "automatic analyze of table ", report["autoanalyze_info"]["postgres"]["count"]),
        ("temporary files", "temporary file: path ", report["tempfile_info"]["postgres"]["count"]),
    ]:
        ours = text.count(f" LOG:  {begins}") if begins else len(slow)
        seen.row("PostgreSQL 15.6", f"– {what}", ours, program, counted)
        if not ours:
            seen.wrong(f"the logs show no {what}: there is nothing to check")


def query_digest(seen, files):
    program = version("pt-query-digest")
    slow = [entry for (_, found), entries in files.items() if found.name == "slow log" for entry in entries]
    if not slow:
        return seen.wrong("the logs show no slow log of MySQL: there is nothing to check")
    technology, texts = slow[0].technology, [entry.text for entry in slow]
    pathlib.Path("mysql-slow.log").write_text("\n".join(texts) + "\n")
    done = run(["pt-query-digest", "--no-version-check", "--limit", "100%", "--output", "json", "mysql-slow.log"])
    try:
        digest = json.loads(done.stdout)["classes"]
    except ValueError:
        return seen.wrong(f"pt-query-digest ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    seen.row(technology, "slow log", len(texts), program, sum(one["query_count"] for one in digest))
    spent = sum(float(one["metrics"]["Query_time"]["sum"]) for one in digest)
    ours = sum(float(found) for text in texts for found in re.findall(r"^# Query_time: ([\d.]+) ", text, re.MULTILINE))
    if abs(spent - ours) > 0.01:
        seen.wrong(f"pt-query-digest adds durations up to {spent} s, and they are {ours} s")
    if unknown := [one["fingerprint"] for one in digest if not {"user", "host", "db"} <= set(one["metrics"])]:
        seen.wrong(f"pt-query-digest does not know who sent {unknown[0]!r}, or to which schema")


def lnav_rows(query, files=()):
    done = run(["lnav", "-n", "-c", f";{query}", "-c", ":write-json-to -", *files])
    try:
        return json.loads(done.stdout)
    except ValueError:
        sys.exit(f"dialects_check.py: lnav cannot answer {query!r}: {(done.stdout + done.stderr)[-500:]}")


def lnav(seen, files):
    program = version("lnav", "-V")
    pathlib.Path("empty").write_text("2026-01-01 00:00:00 nothing\n")
    if more := os.environ.get("LNAV_FORMATS"):
        shutil.copytree(more, ".lnav/formats/more")
    wanted = {found.since for found in STREAMS if found.since} | {"mysql_gen_log"}
    formats = {
        form
        for form in wanted
        if "no such table" not in run(["lnav", "-n", "-c", f";SELECT 1 FROM {form} LIMIT 0", "empty"]).stderr
    }
    # What each stream is written as: its texts, the times of its lines, and the format that must be found.
    written = {}
    for (technology, found), entries in files.items():
        if (found.time or found.since) and (found.since is None or found.since in formats):
            form = found.lnav or found.since
            if "mysql_gen_log" in formats:
                # Its list of commands lacks one that MySQL has.
                entries = [entry for entry in entries if not re.search(r"\t\d+ Ping\t?$", entry.text)]
            lines = in_order_of_time(entries)
            times = [at for moments, _ in lines for at in moments]
            written[f"{len(written)}.log"] = (technology, found.name, [text for _, text in lines], times, form)
        elif not found.json:
            why = f"no format in {program}" if found.time else "no time of its own"
            seen.row(technology, found.name, sum(max(len(entry.times), 1) for entry in entries), why, None, must=False)
    journal = next(
        entries
        for (_, found), entries in files.items()
        if found.name == "journal" and entries[0].technology.startswith("Linux")
    )
    for name, begins, form in IN_JOURNAL:
        own = [(inner_time(line[1]) or entry.at(), line[1]) for entry in journal if (line := begins.search(entry.text))]
        own.sort(key=lambda line: line[0])
        written[f"{len(written)}.log"] = (
            "Linux",
            f"– of {name}",
            [text for _, text in own],
            [at for at, _ in own],
            form,
        )
    for name, (_, _, texts, times, _) in written.items():
        pathlib.Path(name).write_text("\n".join(texts) + "\n")
        # Where no year is written lnav takes that of the file.
        os.utime(name, (times[-1].timestamp(), times[-1].timestamp()))
    messages = collections.defaultdict(list)
    for row in lnav_rows("SELECT log_path, log_format, log_level, log_time FROM all_logs", written):
        messages[os.path.basename(row["log_path"])].append(row)
    for name, (technology, what, _, times, form) in written.items():
        read = [row for row in messages[name] if row["log_level"] != "invalid" and form in (None, row["log_format"])]
        by = ", ".join(sorted({row["log_format"] for row in messages[name]})) or "nothing"
        # A name of the technology is on one row with that of the journal.
        seen.row(technology, what, len(times), f"{program}: {by}", len(read))
        theirs = collections.Counter(row["log_time"][:19] for row in read)
        ours = collections.Counter(at.strftime("%Y-%m-%d %H:%M:%S") for at in times)
        if theirs != ours:
            wrong, right = (list((one - other).items())[:3] for one, other in ((theirs, ours), (ours, theirs)))
            seen.wrong(f"lnav reads other times in {technology}, {what}: {wrong} for {right}")


def in_order_of_time(entries):
    """Returns the texts of entries with their times as a program writes them. An entry holds what belongs together, and of two
    looks the one may show what begins between two lines of an entry of the other, so lines with times of their own are sorted."""
    lines = []
    for entry in entries:
        parts = entry.text.split("\n")
        if len(parts) == len(entry.times):
            lines.extend(([at], part) for at, part in zip(entry.times, parts))
        else:
            lines.append((entry.times, entry.text))
    return sorted(lines, key=lambda line: line[0][0]) if all(moments for moments, _ in lines) else lines


def inner_time(text):
    """Returns the time that a line behind what the journal puts in front of it has itself, with its year, if it has one."""
    found = re.match(rf'time="({ISO}T{CLOCK})', text)
    return found and datetime.datetime.fromisoformat(found[1]).replace(tzinfo=datetime.UTC)


def promtool(seen):
    from prometheus_client.parser import text_string_to_metric_families

    program = version("promtool")
    by_name = collections.defaultdict(list)
    for one in seen.series:
        by_name[one[1]].append(one)
    text = []
    for name, shown in sorted(by_name.items()):
        kind = (
            "summary"
            if any("quantile" in labels for _, _, _, labels, _, _ in shown)
            else "counter"
            if name.endswith("_total")
            else "gauge"
        )
        units = sorted({unit for *_, unit, _ in shown if unit})
        text += [f"# HELP {name} Shown in {', '.join(units) or 'numbers'}.", f"# TYPE {name} {kind}"]
        # As a target has its address beside its own labels, a look has its number.
        text += [
            f'{name}{{{labels}{"," if labels else ""}look="{look}"}} {value}' for look, _, labels, _, _, value in shown
        ]
    text = "\n".join(text) + "\n"
    pathlib.Path("series.prom").write_text(text)
    with open("series.prom") as file:
        done = subprocess.run(["promtool", "check", "metrics"], stdin=file, capture_output=True, text=True)
    # 3 says that something is against the conventions, 1 that it cannot be read.
    if done.returncode not in (0, 3):
        seen.wrong(f"promtool refuses the series: {(done.stdout + done.stderr)[-500:]}")
    seen.row(
        "series",
        f"{len(by_name)} names",
        len(seen.series),
        f"{program}: check metrics",
        len(seen.series) if done.returncode in (0, 3) else 0,
    )
    back = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                back[int(sample.labels.pop("look"))] = (sample.name, sample.labels, sample.value)
    except (ValueError, KeyError) as problem:
        seen.wrong(f"the parser of prometheus-client refuses the series: {problem}")
    same = sum(back.get(look) == (name, labels, float(value)) for look, name, _, labels, _, value in seen.series)
    seen.row("series", "names, labels, values", len(seen.series), "prometheus-client", same)
    rules = [
        {"record": f"shown:{number}", "expr": expression} for number, expression in enumerate(sorted(seen.expressions))
    ]
    # JSON is YAML.
    pathlib.Path("rules.yaml").write_text(json.dumps({"groups": [{"name": "shown", "rules": rules}]}))
    checked = run(["promtool", "check", "rules", "rules.yaml"])
    if checked.returncode:
        seen.wrong(f"promtool refuses expressions: {(checked.stdout + checked.stderr)[-500:]}")
    seen.row("series", "expressions", len(rules), f"{program}: check rules", 0 if checked.returncode else len(rules))
    return (done.stdout + done.stderr).strip().splitlines()


def kubernetes(seen):
    import kubernetes_validate

    kinds = collections.Counter(value["kind"] for value, _ in seen.objects)
    valid = collections.Counter()
    for value, where in seen.objects:
        try:
            # Strict: no field that the schema does not have.
            kubernetes_validate.validate(value, KUBERNETES, strict=True)
            valid[value["kind"]] += 1
        except kubernetes_validate.ValidationError as problem:
            seen.wrong(f"{value['kind']}: {problem.message[:300]}", where)
    for kind in ("Event", "Pod"):
        if not kinds[kind]:
            seen.wrong(f"no {kind} was printed: there is nothing to check")
        seen.row(
            "Kubernetes", f"{kind} objects", kinds[kind], f"kubernetes-validate: {KUBERNETES}, strict", valid[kind]
        )


def in_bytes(value):
    """Puts ids into the form in which the parser of protocol buffers reads them. OTLP/JSON writes the ids of traces and
    spans in hexadecimal digits, against the usual JSON form of protocol buffers, which writes bytes in base64: so these
    three fields are written anew before they are parsed."""
    if isinstance(value, list):
        return [in_bytes(one) for one in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {
        key: base64.b64encode(bytes.fromhex(one)).decode() if key in ids else in_bytes(one)
        for key, one in value.items()
    }


def opentelemetry(seen):
    """Reads every trace as a request to export spans, and checks that its spans are those of one request."""
    from google.protobuf.json_format import Parse, ParseError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    read = spans = 0
    for text, minute, where in seen.traces:
        try:
            value = json.loads(text, object_pairs_hook=once)
            request = Parse(json.dumps(in_bytes(value)), ExportTraceServiceRequest())
        except (ValueError, ParseError) as problem:
            seen.wrong(f"no trace of OTLP/JSON, {problem}: {text[:200]!r}", where)
            continue
        read += 1
        own = [
            (process, span)
            for process in request.resource_spans
            for scope in process.scope_spans
            for span in scope.spans
        ]
        spans += len(own)
        by_id = {span.span_id: span for _, span in own}
        lengths = {(len(span.trace_id), len(span.span_id)) for _, span in own}
        roots = [span for _, span in own if not span.parent_span_id]
        if len({span.trace_id for _, span in own}) != 1 or lengths != {(16, 8)} or len(by_id) != len(own):
            seen.wrong(f"the ids of spans are not those of one trace: {text[:200]!r}", where)
        if len(roots) != 1 or not all(span.parent_span_id in by_id for _, span in own if span.parent_span_id):
            seen.wrong(f"the spans are no tree: {text[:200]!r}", where)
        for process, span in own:
            names = {attribute.key for attribute in process.resource.attributes}
            parent = by_id.get(span.parent_span_id, span)
            within = parent.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
            if not within or span.end_time_unix_nano > parent.end_time_unix_nano:
                seen.wrong(f"a span is not within its parent: {text[:200]!r}", where)
            if not {"service.name", "host.name", "k8s.pod.name"} <= names or not span.kind or not span.name:
                seen.wrong(f"a span lacks what every span has: {text[:200]!r}", where)
        ends = max((span.end_time_unix_nano for _, span in own), default=0) // 1_000_000_000
        if not 0 <= (minute * 60 - ends) % 86_400 <= 121 * 60:
            seen.wrong(f"a trace is not of the time before the look: {text[:200]!r}", where)
    if not seen.traces:
        seen.wrong("no trace was printed: there is nothing to check")
    reader = "opentelemetry-proto: ExportTraceServiceRequest"
    seen.row("OpenTelemetry", f"traces, {spans} spans", len(seen.traces), reader, read)


# ---- the report ----


def check(options):
    if options.count * len(LEVELS) < 24:
        sys.exit("dialects_check.py: fewer than 24 incidents show too little")
    seen = Seen()
    collect(seen, options)
    files = by_stream(seen)
    for (technology, found), entries in files.items():
        if found.json and technology != "Kubernetes":
            seen.row(technology, found.name, len(entries), "json", sum(len(entry.times) > 0 for entry in entries))
    lnav(seen, files)
    pgbadger(seen, files)
    query_digest(seen, files)
    kubernetes(seen)
    opentelemetry(seen)
    lint = promtool(seen)

    timed = sum(len(entry.times) for entry in seen.entries)
    print(f"{seen.incidents} incidents, {seen.looks} looks, {len(seen.series)} series")
    print(f"{len(seen.entries)} entries of logs; {timed} times of lines, in the order and the window of their looks\n")
    print("| technology | what | lines | read by | read | share |\n|---|---|--:|---|--:|--:|")
    for technology, what, lines, reader, read in sorted(seen.rows, key=lambda row: (row[0] == "series", row[0])):
        share = "–" if read is None else f"{100 * read / max(lines, 1):.4g} %"
        print(f"| {technology} | {what} | {lines} | {reader} | {'–' if read is None else read} | {share} |")
    print("\nshown beside series with names of exporters:")
    for what, times in sorted(seen.skipped.items(), key=lambda item: -item[1]):
        print(f"  {times:6} {what}")
    print("against the conventions, as promtool says:")
    for line in lint:
        print(f"  {line}")
    if seen.problems:
        kinds = collections.Counter(re.sub(r"\d+", "N", problem)[:60] for problem in seen.problems)
        print(f"\n{len(seen.problems)} problems of {len(kinds)} kinds; the first of each kind:", file=sys.stderr)
        for kind, times in kinds.most_common(40):
            first = next(problem for problem in seen.problems if re.sub(r"\d+", "N", problem)[:60] == kind)
            print(f"  {times} × {first}", file=sys.stderr)
        sys.exit("dialects_check.py: not everything reads as it should")
    print("every line reads as what it is printed as")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("play").add_argument("address")
    checks = commands.add_parser("check")
    checks.add_argument("bench")
    checks.add_argument("--count", type=int, default=50)
    checks.add_argument("--seed", type=int, default=7)
    checks.add_argument("played", nargs="*")
    options = parser.parse_args()
    play(options.address) if options.command == "play" else check(options)


if __name__ == "__main__":
    main()
