#!/usr/bin/env python3
"""Plays at a model server that breaks on demand, and checks how each episode ends.

    faults_check.py BENCH llmock|aimock PROGRAM_OF_THE_SERVER
"""

import concurrent.futures
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

BENCH, KIND, PROGRAM = sys.argv[1], sys.argv[2], sys.argv[3]
APIS = ["chat", "responses", "messages"]
ACTION = json.dumps({"action_type": "submit_severity", "parameters": {"severity": "P1"}})
THOUGHTS = "The checkout is down, so it is critical."
# The endpoint may be silent for this many seconds, and a whole run takes at most so many.
SILENCE, MOST = 2, 60


class Mock:
    """A server in a process of its own. What it does to the calls of an episode is said to it while it is asked."""

    def __init__(self, arguments, ready):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(pathlib.Path(self.folder.name) / "log", "w+")
        command = [PROGRAM, *(part.replace("PORT", str(self.port)) for part in arguments)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(300):
            try:
                self.ask("GET", ready)
                return
            except OSError:
                assert self.process.poll() is None, self.said()
                time.sleep(0.1)
        raise AssertionError(f"{KIND} does not answer: {self.said()}")

    def said(self):
        self.log.seek(0)
        return self.log.read()[-2000:]

    def ask(self, verb, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, {"content-type": "application/json"}, method=verb)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def stop(self):
        self.process.kill()
        self.process.wait()


def play(mock, base, api, retries=2, begin=lambda: None):
    """Plays one episode. Returns how the run ended, its row, the faults of attempts that were followed by another, and
    the calls that were answered."""
    with tempfile.TemporaryDirectory() as folder:
        command = [BENCH, "--model", "gpt-5-mini", "--base-url", f"http://127.0.0.1:{mock.port}{base}", "--agent", "llm",
                   "--scenario", "AC-001", "--protocol", "text", "--timeout", str(SILENCE), "--max-retries", str(retries),
                   "--out", "results", "--format", "json", *(["--api", api] if api else [])]
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "API_KEY": "key-of-nobody-123"}
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            begin()
            out, said = child.communicate(timeout=MOST)
        except BaseException:
            child.kill()
            raise
        assert "panicked" not in said, said
        assert child.returncode in (0, 4), (child.returncode, said)
        events = [json.loads(line)["event"] for path in pathlib.Path(folder).glob("results/runs/*/events.jsonl")
                  for line in path.read_text().splitlines()]
        calls = [event for event in events if event["type"] == "model.called"]
        tried = [retry["error"] for call in calls for retry in call["reply"]["retries"]]
        return child.returncode, json.loads(out)["rows"][0], tried, calls


def scored(what, end, tried):
    """The episode has a score, and these were the faults before."""
    code, row, faults, calls = end
    assert (code, row["void"], row["overall"]) == (0, 0, 1.0), (what, end)
    assert faults == tried, (what, faults, tried)
    assert row["retries"] == len(tried) and row["calls"] == row["steps"], (what, row)
    assert row["usage"]["prompt_tokens"] > 50 and row["usage"]["completion_tokens"] > 5, (what, row["usage"])
    thoughts = {call["reply"]["reasoning"] for call in calls}
    assert KIND != "aimock" or thoughts == {THOUGHTS}, (what, thoughts)
    print(f"    {what}: scored after {', '.join(tried) or 'no retry'}")


def void(what, end, reason):
    """The episode has no score, and the table says why."""
    code, row, *_ = end
    assert (code, row["void"], row["overall"]) == (4, 1, None), (what, end)
    assert list(row["void_reasons"]) == [reason], (what, row["void_reasons"])
    print(f"    {what}: void: {reason}")


# ---- llmock ----

# What is asked of it, and what comes of that.
LLMOCK = [
    ("429 with Retry-After", [{"type": "fail", "status": 429, "retry_after": 1, "times": 2}], ["rate_limited"] * 2),
    ("500", [{"type": "fail", "status": 500, "times": 1}], ["server"]),
    ("529", [{"type": "fail", "status": 529, "times": 2}], ["server"] * 2),
    ("a stream that ends early", [{"type": "stream_fault", "kind": "truncate", "after_chunks": 2}], ["stream_cut"]),
    ("a chunk that is no JSON", [{"type": "stream_fault", "kind": "malformed", "after_chunks": 3}], ["malformed_body"]),
    ("a connection that breaks", [{"type": "stream_fault", "kind": "disconnect", "after_chunks": 2}], ["connection_lost"]),
    ("silence within", [{"type": "stream_fault", "kind": "stall", "after_chunks": 3, "stall_seconds": 30}], ["stalled"]),
    ("silence before", [{"type": "slow_first_token", "seconds": 30}], ["timeout"]),
]


def llmock(api):
    base = "/anthropic/v1" if api == "messages" else "/v1"
    # It is slow enough that faults can be asked for while the check before the run has its last call.
    mock = Mock(["serve", "--host", "127.0.0.1", "--port", "PORT", "--latency-ms", "200"], "/_llmock/requests")
    lines = {"behaviors": [{"type": "reply", "text": ACTION, "times": times} for times in (2, None)]}

    def breaks(behaviors):
        mock.ask("POST", "/_llmock/reset", {})
        mock.ask("POST", "/_llmock/scenario", lines)

        def begin():
            give_up = time.monotonic() + 30
            while mock.process.poll() is None and time.monotonic() < give_up:
                if len(mock.ask("GET", "/_llmock/scenario")["pending"]) < 2:
                    break
                time.sleep(0.02)
            if behaviors:
                mock.ask("POST", "/_llmock/scenario", {"behaviors": behaviors})

        return begin

    try:
        for what, behaviors, tried in LLMOCK:
            scored(f"{api}: {what}", play(mock, base, api, begin=breaks(behaviors)), tried)
        forever = [{"type": "fail", "status": 503, "times": None}]
        void(f"{api}: 503 for ever", play(mock, base, api, begin=breaks(forever)), "the endpoint failed")
        forever = [{"type": "stream_fault", "kind": "truncate", "after_chunks": 2, "times": None}]
        void(f"{api}: all streams cut", play(mock, base, api, begin=breaks(forever)), "the answer ended before it was complete")
        # Nothing is at the address of another API there, so it is found out.
        scored(f"{api}: found out", play(mock, base, None, begin=breaks([])), [])
        errors = [finding for finding in mock.ask("GET", "/_llmock/verdict")["findings"] if finding["severity"] == "error"]
        assert not errors, errors
    finally:
        mock.stop()


# ---- aimock ----

# What the attempts of one call meet in turn, and what each is called.
AIMOCK = [
    ({"response": {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429, "retryAfter": 1}}, "rate_limited"),
    ({"response": {"error": {"message": "overloaded", "type": "server_error"}, "status": 503}}, "server"),
    # It breaks the connection before its first byte is sent. A kept connection may have been closed before, so the first time
    # the request is sent again at once.
    ({"truncateAfterChunks": 3}, None),
    ({"truncateAfterChunks": 3}, "connection_lost"),
    ({"chaos": {"malformedRate": 1.0}}, "malformed_body"),
    ({"latency": 4000}, "timeout"),
]


def aimock(api):
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    good = {"content": ACTION, "reasoning": THOUGHTS, "usage": usage}

    def fixture(index, **fixture):
        # The check before a run says nothing of services.
        match = {"userMessage": "known services"}
        return {"match": match if index is None else match | {"sequenceIndex": index}, "response": good, **fixture}

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "fixtures.json"
        fixtures = [fixture(index, **fault) for index, (fault, _) in enumerate(AIMOCK)]
        path.write_text(json.dumps({"fixtures": [*fixtures, fixture(None), {"match": {}, "response": good}]}))
        mock = Mock(["-p", "PORT", "-f", str(path), "--validate-on-load"], "/health")
        try:
            scored(api, play(mock, "/v1", api, retries=len(AIMOCK)), [fault for _, fault in AIMOCK if fault])
            scored(f"{api}: once more", play(mock, "/v1", api), [])
        finally:
            mock.stop()


def main():
    print(f"  {KIND}")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for ended in [pool.submit({"llmock": llmock, "aimock": aimock}[KIND], api) for api in APIS]:
            ended.result()


main()
