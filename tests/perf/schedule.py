#!/usr/bin/env python3
"""How close a run comes to what its endpoint allows, and what the harness costs: CPU and memory.

    cargo build --release && tests/perf/schedule.py [BENCH] [--inspect PYTHON]
    tests/perf/schedule.py [BENCH] --growth [--at-once 10,100,1000,10000]      --test is small

With --ci either form fails where a run takes more than three times its ideal time.

A scripted server in processes of its own answers every call after 50 ms, in four events of a stream if it is asked
for one, which come together at the end. 200 episodes of 8 turns are played with 10 and with 64 calls at once; beside
the time is the ideal one: all latencies, as the server itself measured them between the last byte of a request and
its answer, over the number of calls at once. With --inspect, the Python of a venv that has inspect-ai and openai
plays as many samples of as many turns against the same server. Without --ci nothing is asserted of times: machines
differ.

With --growth as many episodes are alive as there are calls at once, up to 10 000. The server is Python and reaches its end
long before: so beside the ideal time is what the server's own processes worked, over their number, which no client can
be faster than. --servers says how many they are, each with as many connections as the system gives it.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import threading
import time

LATENCY = 0.050
EPISODES = 200
TURNS = 8
# With --ci, how often the ideal time a run may take.
TIMES = 3


def scripted(asked: int, streams: bool) -> bytes:
    """Looks around for seven turns and submits in the eighth; the turn is the number of messages that ask."""
    if asked >= TURNS:
        action = {"action_type": "submit_root_cause", "parameters": {"service": "postgres-db", "failure_mode": "disk"}}
    else:
        parameters = {"service": "postgres-db", "window": asked}
        action = {"action_type": "check_metrics", "parameters": parameters}
    said, usage = json.dumps(action), {"prompt_tokens": 1000, "completion_tokens": 30, "total_tokens": 1030}
    if streams:
        half = len(said) // 2
        choices = [
            [{"index": 0, "delta": {"role": "assistant", "content": said[:half]}, "finish_reason": None}],
            [{"index": 0, "delta": {"content": said[half:]}, "finish_reason": None}],
            [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            [],
        ]
        events = [{**body("chat.completion.chunk", choice), "usage": None if choice else usage} for choice in choices]
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        kind = "text/event-stream"
    else:
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        text = json.dumps({**body("chat.completion", [choice]), "usage": usage})
        kind = "application/json"
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(text)}\r\n\r\n{text}".encode()


def body(kind: str, choices: list[dict]) -> dict:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": "m", "choices": choices}


# A request is not read as JSON: the server is to be able to bear as much as it can.
REPLIES = {streams: [scripted(asked, streams) for asked in range(TURNS + 1)] for streams in (False, True)}
STREAMS = re.compile(rb'"stream": ?true')
ASKS = re.compile(rb'"role": ?"user"')
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """One connection, one request at a time; a request may come in pieces."""

    def __init__(self, served) -> None:
        self.served, self.buffer = served, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.loop = transport, asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = LENGTH.search(self.buffer, 0, head)
        if len(self.buffer) >= head + 4 + (int(length[1]) if length else 0):
            replies = REPLIES[STREAMS.search(self.buffer, head) is not None]
            reply = replies[min(len(ASKS.findall(self.buffer, head)), TURNS)]
            self.buffer.clear()
            self.loop.call_later(LATENCY, self.answer, self.loop.time(), reply)

    def answer(self, came: float, text: bytes) -> None:
        self.transport.write(text)
        self.served.value += self.loop.time() - came


class Scripted:
    """The server: some processes at one port."""

    def __init__(self, processes: int) -> None:
        self.port, parts = 0, range(processes)
        # Seconds of latency that each process has given; one writes it, so it needs no lock.
        self.served = [multiprocessing.Value("d", 0.0, lock=False) for _ in parts]
        self.processes = []
        for part in parts:
            port_in, port_out = multiprocessing.Pipe(duplex=False)
            process = multiprocessing.Process(target=self.run, args=(part, port_out), daemon=True)
            process.start()
            self.port = port_in.recv()
            self.processes.append(process)

    def run(self, part: int, port_out) -> None:
        asyncio.run(self.serve(part, port_out))

    async def serve(self, part: int, port_out) -> None:
        loop, served = asyncio.get_running_loop(), self.served[part]
        # As many may knock at once as the system lets wait.
        server = await loop.create_server(
            lambda: Connection(served), "127.0.0.1", self.port, backlog=65_535, reuse_port=True
        )
        port_out.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    def begin(self) -> None:
        for served in self.served:
            served.value = 0.0
        self.worked = self.time()

    def latency(self) -> float:
        return sum(served.value for served in self.served)

    def work(self) -> float:
        """Seconds of a processor since the beginning, of the busiest of its processes."""
        return max(now - then for now, then in zip(self.time(), self.worked))

    def time(self) -> list[float]:
        return [processor_time(process.pid) for process in self.processes]


def processor_time(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid: int, found: list[float]) -> None:
    """The most memory of a process in MB, looked at until it ends."""
    # What wait4 says is no less than the memory of the process that started it, which is this Python.
    while True:
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                found[0] = int(status.read().split("VmHWM:")[1].split()[0]) / 1024
        except (OSError, IndexError):
            return
        time.sleep(0.005)


def timed(command: list[str], folder: str, extra: dict[str, str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds of all its threads, and the most memory in MB."""
    start = time.perf_counter()
    pid = os.posix_spawnp(
        command[0],
        command,
        {**os.environ, **extra, "PWD": folder},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, os.path.join(folder, "out"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
    )
    memory = [0.0]
    looks = threading.Thread(target=peak, args=(pid, memory))
    looks.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    looks.join()
    if status != 0:
        sys.exit(f"{command[0]} failed: {open(os.path.join(folder, 'out')).read()[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, memory[0]


INSPECT = '''
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.solver import solver

@solver
def turns():
    async def solve(state, generate):
        from inspect_ai.model import ChatMessageUser
        for turn in range({turns}):
            if turn:
                state.messages.append(ChatMessageUser(content="observation " * 60))
            state = await generate(state)
        return state
    return solve

task = Task(dataset=[Sample(input="incident " * 200, target="x") for _ in range({episodes})], solver=turns())
logs = eval(task, model="openai-api/scripted/m", max_connections={at_once}, max_samples={episodes}, display="none", log_dir="logs")
assert logs[0].status == "success", logs[0].error
assert sum(len(s.messages) for s in logs[0].samples or []) in (0, {episodes} * {turns} * 2), "every turn is there"
'''


def command_of(bench: str, url: str, episodes: int, at_once: int) -> list[str]:
    return [
        *(bench, "--model", "m", "--base-url", url, "--agent", "llm", "--assist", "off", "--quiet"),
        *("--scenario", "RCA-001", "--epochs", str(episodes), "--concurrency", str(at_once)),
        *("--format", "json"),
    ]


def check(folder: str, episodes: int) -> None:
    """Every call was made, and none failed."""
    row = json.load(open(os.path.join(folder, "out")))["rows"][0]
    calls, void = row["calls"], row["void"]
    assert (calls, void) == (episodes * TURNS, 0), f"{calls} calls, {void} void episodes"


def late(what: str, wall: float, ideal: float) -> list[str]:
    """What there is to say of a run that took too long."""
    return [f"{what}: {wall:.2f} s is more than {TIMES} × {ideal:.2f} s"] if wall > TIMES * ideal else []


def beside_inspect(bench: str, server: Scripted, url: str, inspect: str | None, folder: str) -> list[str]:
    slow = []
    print(f"{EPISODES} episodes × {TURNS} turns, {LATENCY * 1e3:.0f} ms a call")
    print(f"{'':32} {'wall':>8} {'ideal':>8} {'ratio':>7} {'CPU':>8} {'a call':>9} {'memory':>9}")
    for at_once in (10, 64):
        commands = {f"bench, {at_once} calls at once": command_of(bench, url, EPISODES, at_once)}
        if inspect:
            script = os.path.join(folder, f"inspect_{at_once}.py")
            with open(script, "w") as file:
                file.write(INSPECT.format(turns=TURNS, episodes=EPISODES, at_once=at_once))
            commands[f"inspect-ai, {at_once} at once"] = [inspect, script]
        for name, command in commands.items():
            server.begin()
            wall, cpu, memory = timed(command, folder, {"SCRIPTED_BASE_URL": url, "SCRIPTED_API_KEY": "x"})
            ideal = server.latency() / at_once
            print(
                f"{name:32} {wall:6.2f} s {ideal:6.2f} s {wall / ideal:7.3f} {cpu:6.2f} s"
                f" {cpu / (EPISODES * TURNS) * 1e6:6.0f} µs {memory:6.1f} MB"
            )
            if name.startswith("bench"):
                check(folder, EPISODES)
                slow += late(name, wall, ideal)
    return slow


def growth(bench: str, server: Scripted, url: str, counts: list[int], folder: str) -> list[str]:
    slow = []
    print(f"as many episodes as calls at once, and at least {EPISODES}; {TURNS} turns, {LATENCY * 1e3:.0f} ms a call;")
    print("least: eight latencies an episode; ideal: the latencies that the server gave; server: what its busiest process worked")
    print(f"{'calls at once':>13} {'episodes':>8} {'wall':>9} {'least':>9} {'ideal':>9} {'server':>9} {'CPU a call':>11} {'memory':>10}")
    for at_once in counts:
        episodes = max(EPISODES, at_once)
        server.begin()
        wall, cpu, memory = timed(command_of(bench, url, episodes, at_once), folder, {})
        least, ideal = episodes * TURNS * LATENCY / at_once, server.latency() / at_once
        each = cpu / (episodes * TURNS) * 1e6
        print(
            f"{at_once:>13} {episodes:>8} {wall:7.2f} s {least:7.2f} s {ideal:7.2f} s {server.work():7.2f} s"
            f" {each:8.0f} µs {memory:7.1f} MB",
            flush=True,
        )
        check(folder, episodes)
        # Neither the latencies nor the server's own work can be outrun.
        slow += late(f"{at_once} calls at once", wall, max(ideal, server.work()))
    return slow


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("bench", nargs="?", default="target/release/bench")
    arguments.add_argument("--inspect", metavar="PYTHON", help="a Python that has inspect-ai and openai")
    arguments.add_argument("--growth", action="store_true", help="10 to 10 000 episodes at once")
    arguments.add_argument("--at-once", metavar="N,…", default="10,100,1000,10000", help="how many, with --growth")
    arguments.add_argument("--servers", type=int, default=1, help="processes of the scripted server")
    arguments.add_argument("--test", action="store_true", help="with --growth: 10 and 100 at once")
    arguments.add_argument("--ci", action="store_true", help=f"fail at {TIMES} times the ideal time")
    given = arguments.parse_args()
    bench, inspect = os.path.abspath(given.bench), given.inspect and os.path.abspath(given.inspect)
    # A call at once is an open file, here and there.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Scripted(given.servers)
    url = f"http://127.0.0.1:{server.port}/v1"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        if given.growth:
            counts = [10, 100] if given.test else [int(count) for count in given.at_once.split(",")]
            slow = growth(bench, server, url, counts, folder)
        else:
            slow = beside_inspect(bench, server, url, inspect, folder)
    if given.ci and slow:
        sys.exit("schedule.py: " + "; ".join(slow))


main()
