#!/usr/bin/env python3
"""Half an hour of everything that clients do to a server, good and bad: does it stay as it was? Needs `websockets`.

    tests/perf/soak.py BENCH [--minutes 30] [--rate 600]
    tests/perf/soak.py BENCH --test                          ten seconds, to see that it works

Clients by REST with ids and with cookies, by /ws, and by MCP play at a steady rate that all share; some leave in the middle of a
play, of a message or of a body without a word; bad requests must be refused as they should be; pages are read. Sessions live
for a minute without use, so that after three minutes as many end as begin. A row a minute says what the server holds (memory,
open files, live sessions) and how soon it answers, from sending to the whole answer, the client's own time included.

It fails where an answer is not what it should be, where a connection ends that should not, where the server says that
something panicked; where, after three minutes, the last third of the minutes has more memory or open files than the first
by a tenth (medians), or twice its 99th percentile; and where a session is left when all clients are gone. A client whose
network is cut is not among them: its socket ends by keep-alive after minutes, and nothing here can cut a network.
"""

import argparse
import asyncio
import collections
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import websockets
from websockets.asyncio.client import connect
from websockets.protocol import State

SUBMISSIONS = {
    "alert_classification": "submit_severity",
    "root_cause_analysis": "submit_root_cause",
    "remediation_planning": "submit_resolution",
}
ANSWER = {"severity": "P1", "service": "none", "failure_mode": "none", "summary": "none"}
JSON = {"content-type": "application/json"}
# How long an answer may take before it counts as none.
PATIENCE = 30
# The largest number of examples of errors that are printed.
EXAMPLES = 20


class Wrong(Exception):
    """An answer that is not what it should be."""


class Book:
    """What happened, in this minute and in all."""

    def __init__(self, rate):
        self.gap, self.due = 1 / rate, time.monotonic()
        self.times, self.sent, self.errors = [], 0, collections.Counter()
        self.kinds, self.examples, self.stopping = collections.Counter(), [], False
        self.sockets = set()

    async def turn(self, kind):
        """Waits until the rate allows another request. What was missed in a second is caught up, and no more."""
        if self.stopping:
            raise asyncio.CancelledError
        now = time.monotonic()
        self.due = max(self.due + self.gap, now - 1)
        if self.due > now:
            await asyncio.sleep(self.due - now)
        self.sent += 1
        self.kinds[kind] += 1

    def error(self, kind, what):
        self.errors[kind] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind}: {what}"[:400])

    def minute(self):
        """The times and the count of requests since it was last asked."""
        taken = sorted(self.times), self.sent
        self.times, self.sent = [], 0
        return taken


class Http:
    """A connection that is kept, with one request at a time."""

    def __init__(self, book, kind, address):
        self.book, self.kind, self.address = book, kind, address
        self.reader = self.writer = None
        self.used = 0

    async def ask(self, method, path, body=None, headers=None, status=200, announced=None):
        """The headers and the body of an answer, which must have this status."""
        await self.book.turn(self.kind)
        # A connection is new from time to time, and before the server finds that it has rested for long enough.
        if self.writer is None or self.used >= 50:
            await self.open()
        self.used += 1
        fields = {"host": self.address, "content-length": str(announced or len(body or b"")), **(headers or {})}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        began = time.perf_counter()
        self.writer.write(head.encode() + b"\r\n" + (body or b""))
        async with asyncio.timeout(PATIENCE):
            found, answered, text = await self.answer()
        self.book.times.append(time.perf_counter() - began)
        if answered.get("connection") == "close" or announced:
            self.close()
        if found != status:
            raise Wrong(f"{method} {path}: {found} in place of {status}: {text[:200]!r}")
        return answered, text

    async def answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) if "set-cookie" not in line else line.split(": ", 1) for line in head[1:-2])
        text = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, text

    async def post(self, path, value, headers=None, status=200):
        answered, text = await self.ask("POST", path, json.dumps(value).encode(), {**JSON, **(headers or {})}, status)
        return answered, json.loads(text) if text else None

    async def open(self):
        self.close()
        host, port = self.address.rsplit(":", 1)
        self.reader, self.writer = await asyncio.open_connection(host, int(port))
        self.used = 0

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    def vanish(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


def plays(draw):
    """What a client does in an episode, told by its first observation: some looks, an action that is not one, an answer."""

    def actions(observation):
        services = observation["known_services"]
        for _ in range(draw.randrange(1, 8)):
            kind = draw.choice(["query_logs", "check_metrics", "check_recent_deploys", "restart_service", "no_such_action"])
            yield {"action_type": kind, "parameters": {"service": draw.choice(services)}}
        yield {"action_type": SUBMISSIONS[observation["task_id"]], "parameters": ANSWER}

    return actions


def choice(draw):
    """What a reset asks for."""
    return draw.choice([
        {},
        {"seed": draw.randrange(1000)},
        {"task_id": draw.choice(list(SUBMISSIONS)), "scenario_index": draw.randrange(3)},
        {"suite": f"generated:easy,seed={draw.randrange(5)},count=3", "scenario_index": draw.randrange(3)},
    ])


def held(condition, what):
    if not condition:
        raise Wrong(what)


async def by_id(book, address, draw):
    """REST with the episode's id, in a header, the query or the body; some plays are left in the middle."""
    http, actions = Http(book, "rest", address), plays(draw)
    while True:
        _, first = await http.post("/reset", choice(draw))
        name, done = first["episode_id"], False
        for action in actions(first):
            if draw.random() < 0.03:
                break
            way = draw.randrange(3)
            path, headers = "/step" + (f"?episode_id={name}" if way == 1 else ""), {"x-episode-id": name} if way == 0 else {}
            _, outcome = await http.post(path, {**action, "episode_id": name} if way == 2 else action, headers)
            held(outcome["observation"]["episode_id"] == name, "an answer is about another episode")
            done = outcome["done"]
            if done:
                break
        _, state = await http.ask("GET", "/state", headers={"x-episode-id": name})
        held(json.loads(state)["done"] == done, "the state says something else than the last step")
        await http.ask("GET", "/grader", headers={"x-episode-id": name})


async def by_cookie(book, address, draw):
    """REST by the cookie alone."""
    http, actions = Http(book, "cookie", address), plays(draw)
    while True:
        answered, first = await http.post("/reset", choice(draw))
        cookie = {"cookie": answered["set-cookie"].split(";")[0]}
        for action in actions(first):
            _, outcome = await http.post("/step", {"action": action}, cookie)
            held(outcome["observation"]["episode_id"] == first["episode_id"], "a cookie led to another episode")
            if outcome["done"]:
                break


async def opened(book, kind, address, path="/ws"):
    await book.turn(kind)
    began = time.perf_counter()
    socket = await connect(f"ws://{address}{path}", compression=None, ping_interval=None, open_timeout=PATIENCE)
    book.times.append(time.perf_counter() - began)
    book.sockets = {other for other in book.sockets if other.state is not State.CLOSED} | {socket}
    return socket


async def say(book, kind, socket, message, expected="observation"):
    await book.turn(kind)
    began = time.perf_counter()
    await socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
    async with asyncio.timeout(PATIENCE):
        answer = json.loads(await socket.recv())
    book.times.append(time.perf_counter() - began)
    held(answer["type"] == expected, f"{expected} was expected: {str(answer)[:200]}")
    return answer["data"]


async def by_socket(book, address, draw):
    """Whole episodes over /ws, several on a connection, which is closed by either side."""
    kind, actions = "ws", plays(draw)
    while True:
        socket = await opened(book, kind, address)
        for _ in range(draw.randrange(1, 4)):
            first = await say(book, kind, socket, {"type": "reset", "data": choice(draw)})
            steps = 0
            for action in actions(first["observation"]):
                data = await say(book, kind, socket, {"type": "step", "data": action})
                steps += 1
                if data["done"]:
                    break
            state = await say(book, kind, socket, {"type": "state"}, "state")
            held(state["step_count"] == steps, f"{state['step_count']} steps were counted, {steps} taken")
        if draw.random() < 0.5:
            await socket.send('{"type": "close"}')
            async with asyncio.timeout(PATIENCE):
                await socket.wait_closed()
            held(socket.close_code == 1000, f"closed with {socket.close_code}")
        await socket.close()


async def vanishing(book, address, draw):
    """Clients that are gone without a word: in a session, in a message, in a head, in a body."""
    kind, actions = "vanish", plays(draw)
    while True:
        http, way = Http(book, kind, address), draw.randrange(5)
        if way < 3:
            socket = await opened(book, kind, address)
            first = await say(book, kind, socket, {"type": "reset", "data": choice(draw)})
            action = next(actions(first["observation"]))
            if way == 0:
                await say(book, kind, socket, {"type": "step", "data": action})
            elif way == 1:
                # Gone before the answer.
                await book.turn(kind)
                await socket.send(json.dumps({"type": "step", "data": action}))
            else:
                # Half of a frame: a head that announces more than comes.
                socket.transport.write(b"\x81\xfe\x10\x00abcd" + b"x" * 100)
            socket.transport.abort()
            # Its task ends with it.
            await socket.wait_closed()
        else:
            await book.turn(kind)
            await http.open()
            head = b"POST /step HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            http.writer.write(head if way == 3 else head + b'content-length: 500\r\n\r\n{"action_type": ')
            await asyncio.sleep(draw.random() * 0.05)
            http.vanish()


async def rpc(http, method, params, headers=None, status=200):
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answered, reply = await http.post("/mcp", message, headers, status)
    return answered, reply


async def by_mcp(book, address, draw):
    """The actions as tools: an ordinary client with a session in a header, and OpenEnv's with one in the parameters."""
    http, actions = Http(book, "mcp", address), plays(draw)
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "soak", "version": "1"}}
    while True:
        if draw.random() < 0.5:
            answered, reply = await rpc(http, "initialize", hello)
            held("result" in reply, str(reply)[:200])
            session = {"mcp-session-id": answered["mcp-session-id"]}
            await http.post("/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}, session, 202)
            _, reply = await rpc(http, "tools/list", {}, session)
            held(len(reply["result"]["tools"]) > 10, "tools are missing")
            _, reply = await rpc(http, "tools/call", {"name": "show_incident", "arguments": {}}, session)
            first = reply["result"]["structuredContent"]
            for action in actions(first["observation"]):
                call = {"name": action["action_type"], "arguments": action["parameters"]}
                if call["name"] == "no_such_action":
                    continue
                if call["name"].startswith("submit"):
                    call["arguments"] = {"severity": "P1"}
                _, reply = await rpc(http, "tools/call", call, session)
                held("result" in reply, str(reply)[:300])
                if (reply["result"].get("structuredContent") or {}).get("done"):
                    break
            # Some never say that they leave.
            if draw.random() < 0.8:
                await http.ask("DELETE", "/mcp", headers=session, status=204)
                await rpc(http, "ping", {}, session, 404)
        else:
            _, reply = await rpc(http, "openenv/session/create", {})
            session = reply["result"]["session_id"]
            for name, arguments in [("query_logs", {"service": "api-gateway"}), ("submit_severity", {"severity": "P2"})]:
                _, reply = await rpc(http, "tools/call", {"name": name, "arguments": arguments, "session_id": session})
                held("result" in reply, str(reply)[:300])
            if draw.random() < 0.8:
                _, reply = await rpc(http, "openenv/session/close", {"session_id": session})
                held(reply["result"]["closed"] is True, str(reply)[:200])


# Method, path, headers, body, status, and the word in the body.
REFUSED = [
    ("POST", "/step", JSON, b"{", 422, "malformed_json"),
    ("POST", "/step", JSON, b"\xff\xfe", 422, "malformed_json"),
    ("POST", "/step", JSON, b"[1, 2]", 422, "invalid_value"),
    ("POST", "/step", JSON, b'{"parameters": {}}', 422, "invalid_value"),
    ("POST", "/step", JSON, b'{"action_type": 7}', 422, "invalid_value"),
    ("POST", "/step", JSON, b"", 422, "invalid_value"),
    ("POST", "/step", JSON, b'{"action_type": "' + b"x" * 70_000 + b'"}', 413, "body_too_large"),
    ("POST", "/step", JSON, b"[" * 60_000, 422, "malformed_json"),
    ("POST", "/step", {"content-type": "text/plain"}, b'{"action_type": "query_logs"}', 415, "unsupported_media_type"),
    ("POST", "/step", {**JSON, "x-episode-id": "no-such"}, b'{"action_type": "query_logs"}', 404, "unknown_episode"),
    ("POST", "/step", {**JSON, "x-episode-id": "x" * 300}, b'{"action_type": "query_logs"}', 422, "invalid_value"),
    ("POST", "/reset", JSON, b'{"task_id": "no_such"}', 400, "unknown_task"),
    ("POST", "/reset", JSON, b'{"scenario_index": 99}', 400, "scenario_out_of_range"),
    ("POST", "/reset", JSON, b'{"scenario_id": "XX-999"}', 400, "unknown_scenario"),
    ("POST", "/reset", JSON, b'{"seed": -1}', 422, "invalid_value"),
    ("POST", "/reset", JSON, b'{"suite": "no-such"}', 400, "unknown_suite"),
    ("POST", "/reset", {**JSON, "origin": "http://elsewhere.example"}, b"{}", 403, "foreign_origin"),
    ("GET", "/grader", {"x-episode-id": "no-such"}, None, 404, "unknown_episode"),
    ("GET", "/no/such/path", {}, None, 404, "not_found"),
    ("GET", "/step", {}, None, 405, "method_not_allowed"),
    ("DELETE", "/reset", {}, None, 405, "method_not_allowed"),
    ("GET", "/ws", {}, None, 426, "upgrade_required"),
    ("GET", "/runs/no-such-run", {}, None, 404, "unknown_run"),
    ("POST", "/mcp", {**JSON, "mcp-session-id": "no-such"}, b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}', 404, "Unknown"),
    ("POST", "/mcp", JSON, b"{bad", 200, "-32700"),
    ("POST", "/mcp", JSON, b"{}", 200, "-32600"),
    ("POST", "/mcp", JSON, b'{"jsonrpc": "2.0", "id": 1, "method": "no/such"}', 200, "-32601"),
]

# What is said on /ws, what is answered, and whether the connection lives on.
SAID = [
    ("{bad", "INVALID_JSON", True),
    ('{"type": "no-such"}', "UNKNOWN_TYPE", True),
    ('{"type": "step"}', "VALIDATION_ERROR", True),
    ('{"type": "step", "data": {"action_type": 7}}', "VALIDATION_ERROR", True),
    ("[]", "SESSION_ERROR", False),
    (b"\x00\x01", "SESSION_ERROR", False),
]


async def bad(book, address, draw):
    """What must be refused, each in its way."""
    kind = "bad"
    http = Http(book, kind, address)
    while True:
        for method, path, headers, body, status, word in draw.sample(REFUSED, len(REFUSED)):
            _, text = await http.ask(method, path, body, headers, status)
            held(word in text.decode(), f"{method} {path} {body and body[:40]}: {word} is not in {text[:200]!r}")
        # A body of which the head alone says that it is too large, and bytes that are no HTTP.
        await http.ask("POST", "/step", b"{", JSON, 413, announced=50_000_000)
        await book.turn(kind)
        await http.open()
        http.writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            found, _, _ = await http.answer()
        held(found == 400, f"bytes that are no HTTP were answered with {found}")
        http.close()
        for message, code, lives in SAID:
            socket = await opened(book, kind, address)
            data = await say(book, kind, socket, message, "error")
            held(data["code"] == code, f"{message!r}: {data}")
            if lives:
                await say(book, kind, socket, {"type": "reset"})
            else:
                async with asyncio.timeout(PATIENCE):
                    await socket.wait_closed()
            await socket.close()


async def pages(book, address, draw):
    """What people and monitors read."""
    http = Http(book, "pages", address)
    for path in itertools.cycle(["/", "/tasks", "/metrics", "/openapi.json", "/health", "/schema", "/docs", "/metadata", "/runs"]):
        _, text = await http.ask("GET", path)
        held(text, f"{path} is empty")


# How many clients of each kind there are: their shares of the rate.
CLIENTS = {by_id: 16, by_cookie: 10, by_socket: 16, vanishing: 6, by_mcp: 8, bad: 6, pages: 2}


async def always(client, book, address, draw):
    """A client, and after an error another one."""
    while not book.stopping:
        try:
            await client(book, address, draw)
        except Wrong as wrong:
            book.error(client.__name__, wrong)
        except (OSError, EOFError, TimeoutError, websockets.WebSocketException) as error:
            book.error(client.__name__, f"the connection: {error!r}")
        except (KeyError, ValueError, TypeError) as error:
            book.error(client.__name__, f"an answer of another form: {error!r}")


class Server:
    """`bench serve`, and what it holds."""

    def __init__(self, bench, ttl, folder):
        arguments = [bench, "serve", "--openenv", "--port", "0", "--session-ttl", str(ttl)]
        self.process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, cwd=folder)
        line = self.process.stderr.readline()
        if "http://" not in line:
            sys.exit(f"the server did not start: {line}")
        self.address = line.split("http://")[1].split(";")[0]
        self.said = []
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(status.read().split("VmRSS:")[1].split()[0]) / 1024

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


async def sessions(address):
    """How many are alive, by a connection of its own that is not counted."""
    http = Http(Book(1e9), "monitor", address)
    _, text = await http.ask("GET", "/metrics")
    http.close()
    return int(text.decode().split("\nbench_sessions ")[1].split()[0])


def percentile(times, share):
    return times[min(len(times) - 1, int(len(times) * share))] * 1e3 if times else float("nan")


Row = collections.namedtuple("Row", "memory files sessions requests errors p50 p99 most")


async def load(server, given, length, ttl):
    """Plays, and gives the rows, the book and what was left at the end."""
    book, rows = Book(given.rate), []
    seeds = itertools.count(given.seed)
    clients = [
        asyncio.create_task(always(client, book, server.address, random.Random(next(seeds))))
        for client, count in CLIENTS.items()
        for _ in range(count)
    ]
    print(f"{'':>7} {'RSS MB':>8} {'files':>6} {'sessions':>8} {'requests':>9} {'errors':>6} {'p50':>8} {'p99':>8} {'max':>8}  ms")
    began = time.monotonic()
    for number in range(1, given.minutes + 1):
        await asyncio.sleep(max(0, began + number * length - time.monotonic()))
        if server.process.poll() is not None:
            sys.exit(f"the server ended with {server.process.returncode}: {''.join(server.said[-10:])}")
        (times, sent), errors = book.minute(), sum(book.errors.values())
        held_now = server.memory(), server.files(), await sessions(server.address)
        row = Row(*held_now, sent, errors - sum(row.errors for row in rows), *(percentile(times, p) for p in (0.5, 0.99, 1)))
        rows.append(row)
        print(
            f"{number:>7} {row.memory:>8.1f} {row.files:>6} {row.sessions:>8} {row.requests:>9} {row.errors:>6}"
            f" {row.p50:>8.2f} {row.p99:>8.2f} {row.most:>8.2f}",
            flush=True,
        )
    book.stopping = True
    for client in clients:
        client.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    for socket in book.sockets:
        socket.transport.abort()
    await asyncio.sleep(ttl + 2)
    return rows, book, await sessions(server.address)


def verdict(rows, warm, book, left, server, given, length):
    """Prints what holds, and gives whether all does."""
    fine = True

    def holds(what, held, found):
        nonlocal fine
        fine &= held
        print(f"  {'PASS' if held else 'FAIL'}  {what:<58} {found}")

    requests = sum(row.requests for row in rows)
    asked = given.rate * length * len(rows)
    print(f"\n{requests} requests: " + ", ".join(f"{kind} {count}" for kind, count in book.kinds.most_common()))
    holds("no error", not book.errors, dict(book.errors) or "none")
    for example in book.examples:
        print(f"        {example}")
    panics = [line.strip() for line in server.said if "panicked" in line]
    holds("no panic", not panics, panics[:3] or "none")
    holds("at least nine tenths of the rate that was asked for", requests >= 0.9 * asked, f"{requests / asked:.2f}")
    holds("no session is left when all clients are gone", left == 0, left)
    steady = rows[warm:]
    third = len(steady) // 3
    if third:
        def medians(name):
            values = [getattr(row, name) for row in steady]
            return statistics.median(values[:third]), statistics.median(values[-third:])

        between = sum(row.requests for row in steady[third // 2 : len(steady) - third // 2])
        for name, limit, unit in [("memory", 1.1, "MB"), ("files", 1.1, ""), ("sessions", 1.2, ""), ("p99", 2, "ms")]:
            first, last = medians(name)
            what = f"{name}: last third at most {limit} × the first, after {warm} minutes"
            holds(what, last <= first * limit, f"{first:.1f} → {last:.1f} {unit}")
        first, last = medians("memory")
        # What a tenth would be: the smallest leak that is found.
        each = 2**20 / between
        print(f"        memory: {(last - first) * each:+.2f} bytes a request; a leak of {first * 0.1 * each:.1f} would be found")
    else:
        print("  too short to say whether memory, files, sessions and times stay as they were")
    server.process.send_signal(signal.SIGTERM)
    try:
        ended = server.process.wait(30)
    except subprocess.TimeoutExpired:
        ended = "no end in 30 s"
    holds("it ends when it is told to", ended == 0, ended)
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--rate", type=float, default=600, help="requests and messages a second, all clients together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--test", action="store_true", help="ten rows of a second; only errors decide")
    given = parser.parse_args()
    # Sessions are swept every 30 seconds, and whenever somebody asks.
    length, ttl, warm = 60, 60, 3
    if given.test:
        given.minutes, length, ttl, warm = 10, 1, 2, 10
    with tempfile.TemporaryDirectory() as folder:
        server = Server(os.path.abspath(given.bench), ttl, folder)
        try:
            print(f"at rest {server.memory():.1f} MB, {server.files()} files; {given.rate:.0f} requests a second")
            rows, book, left = asyncio.run(load(server, given, length, ttl))
            fine = verdict(rows, warm, book, left, server, given, length)
        finally:
            server.process.kill()
            server.process.wait()
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
