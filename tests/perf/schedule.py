#!/usr/bin/env python3
"""How close a run comes to what its endpoint allows, and what the harness costs: CPU and memory.

    cargo build --release && tests/perf/schedule.py [BENCH] [--inspect PYTHON]

A scripted server in a process of its own answers every call after 50 ms. 200 episodes of 8 turns are played with 10 and
with 64 calls at once; beside the time stands the ideal one: all latencies, as the server itself measured them between the
last byte of a request and its answer, over the number of calls at once. With --inspect, the Python of a venv that has inspect-ai and openai plays as many samples of as many turns
against the same server. Nothing is asserted: machines differ.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time

LATENCY = 0.050
EPISODES = 200
TURNS = 8
SERVICES = ["api-gateway", "auth-service", "postgres-db", "redis-cache", "order-service"]


def reply(body: bytes) -> bytes:
    """Looks around for seven turns and submits in the eighth; the turn is the number of messages that ask."""
    asked = sum(message["role"] == "user" for message in json.loads(body)["messages"])
    if asked >= TURNS:
        action = {"action_type": "submit_root_cause", "parameters": {"service": "postgres-db", "failure_mode": "disk"}}
    else:
        parameters = {"service": "postgres-db", "window": asked}
        action = {"action_type": "check_metrics", "parameters": parameters}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": json.dumps(action)}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 30, "total_tokens": 1030},
    }
    text = json.dumps(answer).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n"
    return head.encode() + text


served = multiprocessing.Value("d", 0.0)  # Seconds of latency that the server has given.


class Connection(asyncio.Protocol):
    """One connection, one request at a time; a request may come in pieces."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", 0))
        if len(rest) >= length:
            body, self.buffer = rest[:length], rest[length:]
            loop = asyncio.get_running_loop()
            loop.call_later(LATENCY, self.answer, loop.time(), reply(body))

    def answer(self, came: float, text: bytes) -> None:
        self.transport.write(text)
        served.value += asyncio.get_running_loop().time() - came


async def serve(port_out) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=512)
    port_out.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


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
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} failed: {open(os.path.join(folder, 'out')).read()[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


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


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("bench", nargs="?", default="target/release/bench")
    arguments.add_argument("--inspect", metavar="PYTHON", help="a Python that has inspect-ai and openai")
    given = arguments.parse_args()
    bench = os.path.abspath(given.bench)
    port_in, port_out = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=lambda: asyncio.run(serve(port_out)), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port_in.recv()}/v1"
    print(f"{EPISODES} episodes × {TURNS} turns, {LATENCY * 1e3:.0f} ms a call")
    print(f"{'':32} {'wall':>8} {'ideal':>8} {'ratio':>7} {'CPU':>8} {'memory':>9}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for at_once in (10, 64):
            commands = {
                f"bench, {at_once} calls at once": [
                    *(bench, "--model", "m", "--base-url", url, "--agent", "llm", "--assist", "off", "--quiet"),
                    *("--scenario", "RCA-001", "--epochs", str(EPISODES), "--concurrency", str(at_once)),
                    *("--format", "json"),
                ],
            }
            if given.inspect:
                script = os.path.join(folder, f"inspect_{at_once}.py")
                with open(script, "w") as file:
                    file.write(INSPECT.format(turns=TURNS, episodes=EPISODES, at_once=at_once))
                commands[f"inspect-ai, {at_once} at once"] = [os.path.abspath(given.inspect), script]
            for name, command in commands.items():
                served.value = 0.0
                wall, cpu, memory = timed(command, folder, {"SCRIPTED_BASE_URL": url, "SCRIPTED_API_KEY": "x"})
                ideal = served.value / at_once
                print(f"{name:32} {wall:6.2f} s {ideal:6.2f} s {wall / ideal:7.3f} {cpu:6.2f} s {memory:6.1f} MB")
                if name.startswith("bench"):
                    row = json.load(open(os.path.join(folder, "out")))["rows"][0]
                    calls, void = row["calls"], row["void"]
                    assert (calls, void) == (EPISODES * TURNS, 0), f"{calls} calls, {void} void episodes"


main()
