#!/usr/bin/env python3
"""How many OpenEnv sessions a server holds, and what they cost it. Needs `websockets` (openenv brings it).

    tests/perf/sessions.py BENCH [SESSIONS]     default 4000

It starts the server, opens all sessions, leaves them open, resets each, and takes one look and one answer in each. One
process of Python plays all of them, so the rates are the client's; memory and processor time are the server's. It fails
where a session costs more than 48 KB.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from websockets.asyncio.client import connect

SUBMISSIONS = {
    "alert_classification": "submit_severity",
    "root_cause_analysis": "submit_root_cause",
    "remediation_planning": "submit_resolution",
}


def server_memory(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def server_time(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def all_at_once(what, sessions, pid, work):
    began, used = time.monotonic(), server_time(pid)
    answers = await asyncio.gather(*(work(number, session) for number, session in enumerate(sessions)))
    took, used = time.monotonic() - began, server_time(pid) - used
    print(
        f"{what:10} {len(sessions)} in {took:5.2f} s ({len(sessions) / took:6.0f}/s); "
        f"server: {used:.2f} s of processor, {server_memory(pid):.0f} MB"
    )
    return answers


async def say(session, message):
    await session.send(json.dumps(message))
    answer = json.loads(await session.recv())
    assert answer["type"] == "observation", answer
    return answer["data"]


async def act(session, kind, **parameters):
    return await say(session, {"type": "step", "data": {"action_type": kind, "parameters": parameters}})


async def main(bench, count):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    arguments = [bench, "serve", "--openenv", "--port", "0"]
    server = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    try:
        address = server.stderr.readline().split("http://")[1].split(";")[0]
        rest = server_memory(server.pid)
        print(f"at rest: {rest:.0f} MB")
        gate = asyncio.Semaphore(100)

        async def opened(_, __):
            async with gate:
                return await connect(f"ws://{address}/ws", compression=None, ping_interval=None, open_timeout=60)

        sessions = await all_at_once("opened", [None] * count, server.pid, opened)

        async def reset(number, session):
            return await say(session, {"type": "reset", "data": {"seed": number // 8}})

        first = await all_at_once("reset", sessions, server.pid, reset)
        groups = [{data["observation"]["scenario_id"] for data in first[at : at + 8]} for at in range(0, count, 8)]
        assert all(len(group) == 1 for group in groups), "a group must be one incident"

        async def look(number, session):
            service = first[number]["observation"]["known_services"][0]
            return await act(session, "query_logs", service=service)

        looks = await all_at_once("looked", sessions, server.pid, look)
        assert all(len(data["observation"]["queried_data"]) == 1 for data in looks), "an episode saw another's step"

        async def answer(number, session):
            kind = SUBMISSIONS[first[number]["observation"]["task_id"]]
            return await act(session, kind, severity="P1", service="none", failure_mode="none", summary="none")

        answers = await all_at_once("answered", sessions, server.pid, answer)
        assert all(data["done"] for data in answers)
        each = (server_memory(server.pid) - rest) * 1024 / count
        print(f"{each:.0f} KB a session")
        assert each < 48, "a session costs too much memory"
        await asyncio.gather(*(session.close() for session in sessions))
    finally:
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 4000))
