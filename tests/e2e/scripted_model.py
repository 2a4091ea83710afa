#!/usr/bin/env python3
"""Serves chat completions on 127.0.0.1 that are scripted, in one of several moods.

    scripted_model.py MOOD [--port PORT] [--latency SECONDS]      says on stdout at which port it listens

    fair, foul, mixed   looks at a service and submits what is right, what is wrong, or either by a seeded coin
    flaky               looks twice and submits, in the form that the request asks for; the third call of each model fails
    hostile             writes markup and very long text around an action
    steady              looks around and submits in the sixth turn; says the same to the same conversation, in any order

A test in Python may hold one in a thread of its own, by `Server(MOODS["hostile"]())`.
"""

import argparse
import asyncio
import hashlib
import json
import random
import re
import threading

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror=\"window.hacked = 2\">"
# What the model called flaky counts for the tokens of each call, beside one for every turn before it.
PROMPT, CACHED, ANSWER, REASONING = 120, 70, 12, 5


def completion(model, message, usage, finish="stop"):
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
        "usage": usage,
    }


def tokens(prompt, answer):
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def action(kind, **parameters):
    return {"action_type": kind, "parameters": parameters}


class Weather:
    """Answers well, badly, or by a coin."""

    def __init__(self, chance_of_good):
        self.chance_of_good, self.coin = chance_of_good, random.Random(7)

    def answer(self, request):
        return 200, completion(request["model"], {"content": json.dumps(self.act(request))}, tokens(100, 10))

    def act(self, request):
        good = self.coin.random() < self.chance_of_good
        system, incident = (message["content"] for message in request["messages"][:2])
        known = re.search(r"known services: ([\w-]+)", incident)
        service = known.group(1) if known else "none"
        if len(request["messages"]) < 4:
            return action("query_logs", service=service)
        if "submit_severity" in system:
            return action("submit_severity", severity="P2" if good else "P4")
        if "submit_root_cause" in system:
            culprits = [name for name in ("analytics-service", "network-infra", "config-service") if name in incident]
            service = culprits[0] if good and culprits else service
            return action("submit_root_cause", service=service, failure_mode="query bgp credential")
        words = "analytics bgp config query route credential restarted" if good else "nothing of note was seen or done here"
        return action("submit_resolution", summary=f"summary of the work: {words}")


class Flaky:
    """Looks at two services and then submits something, in the form that the request asks for. The first call of a model is
    the check before a run; the third one, which falls into an episode, fails."""

    def __init__(self):
        self.calls, self.seen = {}, {}

    def told(self, path):
        return self.seen if path == "/seen" else {"object": "list", "data": []}

    def answer(self, request):
        model = request["model"]
        self.calls[model] = self.calls.get(model, 0) + 1
        if self.calls[model] == 3:
            return 500, {"error": {"message": "the scripted server fails here"}}
        self.seen.setdefault(model, []).append(request["messages"])
        return 200, self.reply(request)

    def reply(self, request):
        turn = sum(message["role"] == "assistant" for message in request["messages"])
        act = self.act(request, turn)
        message = {"content": json.dumps(act), "reasoning_content": f"Turn {turn}: {act['action_type']}."}
        finish = "stop"
        if "tools" in request:
            call = {"name": act["action_type"], "arguments": json.dumps(act["parameters"])}
            message |= {"content": None, "tool_calls": [{"id": f"call_{turn}", "type": "function", "function": call}]}
            finish = "tool_calls"
        elif request.get("response_format"):
            message["content"] = json.dumps({"action": act})
        usage = tokens(PROMPT + turn, ANSWER) | {
            "prompt_tokens_details": {"cached_tokens": CACHED},
            "completion_tokens_details": {"reasoning_tokens": REASONING},
        }
        return completion(request["model"], message, usage, finish)

    @staticmethod
    def act(request, turn):
        said = "\n".join(str(message.get("content") or "") for message in request["messages"][:2])
        services = next((line.split(":", 1)[1] for line in said.splitlines() if line.startswith("known services:")), "")
        service = services.split(",")[0].strip()
        if turn == 0:
            # Nothing of this name is in any incident, so the safety net chooses.
            return action("query_logs", service="no-such-service")
        if turn == 1:
            return action("query_logs", service=service)
        submissions = {
            "submit_severity": {"severity": "P1"},
            "submit_root_cause": {"service": service, "failure_mode": "disk full"},
            "submit_resolution": {"summary": "restarted what had failed; traffic is normal again"},
        }
        submission = next((name for name in submissions if name in said), "submit_severity")
        if "tools" in request:
            # The check before the run offers another tool.
            names = [tool["function"]["name"] for tool in request["tools"]]
            submission = next((name for name in names if name in submissions), "submit_severity")
        return action(submission, **submissions[submission])


class Hostile:
    """Writes markup wherever it can, and a very long text."""

    def answer(self, _):
        act = action("query_logs", service="postgres-db", reasoning=HOSTILE)
        content = f"{HOSTILE}\n{'long ' * 20000}\n{json.dumps(act)}"
        return 200, completion(HOSTILE, {"content": content}, tokens(5, 7))


class Steady:
    """Says the same to the same conversation, whoever asks and in whatever order."""

    LOOKS = ["query_logs", "check_metrics", "check_dependencies", "check_recent_deploys"]
    SERVICES = ["api-gateway", "auth-service", "postgres-db", "redis-session", "order-service", "image-service"]

    def answer(self, request):
        return 200, completion(request["model"], {"content": json.dumps(self.act(request["messages"]))}, tokens(1000, 30))

    def act(self, messages):
        turn = sum(message["role"] == "user" for message in messages)
        chance = int.from_bytes(hashlib.sha256(json.dumps(messages).encode()).digest()[:4], "big")
        service = self.SERVICES[chance // 7 % len(self.SERVICES)]
        if turn < 6:
            return action(self.LOOKS[chance % 4], service=service)
        return [
            action("submit_severity", severity=f"P{1 + chance % 3}"),
            action("submit_root_cause", service=service, failure_mode="pool exhausted"),
            action("submit_remediation_plan", plan=f"restart {service}, then check it"),
        ][chance % 3]


MOODS = {
    "fair": lambda: Weather(1),
    "foul": lambda: Weather(0),
    "mixed": lambda: Weather(0.5),
    "flaky": Flaky,
    "hostile": Hostile,
    "steady": Steady,
}


class Server:
    """A server in a thread of its own, which ends with the process."""

    def __init__(self, mood, port=0, latency=0.0):
        self.mood, self.latency, self.unheld = mood, latency, 0
        self.loop, started = asyncio.new_event_loop(), threading.Event()
        self.free = None

        async def begin():
            self.free = asyncio.Event()
            self.free.set()
            server = await asyncio.start_server(self.converse, "127.0.0.1", port, backlog=512)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await server.serve_forever()

        self.thread = threading.Thread(target=self.loop.run_until_complete, args=[begin()], daemon=True)
        self.thread.start()
        if not started.wait(30):
            raise RuntimeError(f"the scripted model cannot listen at port {port}")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def hold(self, but):
        """Answers so many more calls, and lets the others wait until `release`."""
        self.unheld = but
        self.loop.call_soon_threadsafe(self.free.clear)

    def release(self):
        self.loop.call_soon_threadsafe(self.free.set)

    async def converse(self, reader, writer):
        """Answers one request of a connection after the other."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                verb, path, _ = head.decode().split(" ", 2)
                length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
                body = await reader.readexactly(int(length[1]) if length else 0)
                status, value = await self.reply(verb, path, body)
                data = json.dumps(value).encode()
                head = f"HTTP/1.1 {status} scripted\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
                writer.write(head.encode() + data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            # Whoever asked is gone, perhaps in the middle of a call.
            pass
        finally:
            writer.close()

    async def reply(self, verb, path, body):
        if verb != "POST":
            told = getattr(self.mood, "told", lambda _: {"object": "list", "data": []})
            return 200, told(path)
        answer = self.mood.answer(json.loads(body))
        if self.unheld > 0:
            self.unheld -= 1
        else:
            await self.free.wait()
        await asyncio.sleep(self.latency)
        return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mood", choices=MOODS)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    given = parser.parse_args()
    server = Server(MOODS[given.mood](), given.port, given.latency)
    print(server.port, flush=True)
    server.thread.join()


if __name__ == "__main__":
    main()
