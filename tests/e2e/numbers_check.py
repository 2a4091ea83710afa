#!/usr/bin/env python3
"""Numbers come back from the released binary as they went in: a reader of floats that is one bit off would tell another
score, price or parameter than was written. `cargo test` cannot see it: its own dependencies turn exact reading on.

    BENCH=target/release/bench tests/e2e/numbers_check.py
"""

import json
import os
import random
import subprocess
import sys
import urllib.request

EDGES = [0.1 + 0.2, 1 / 11, 7 * 3e-6, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2**53 + 2.0, -1 / 3]
WHOLE = [0, -1, 2**53 + 1, 2**63, 2**64 - 1, -(2**63)]


def main():
    bench = os.path.abspath(os.environ.get("BENCH", "target/release/bench"))
    server = subprocess.Popen([bench, "serve", "--port", "0"], stderr=subprocess.PIPE, text=True)
    try:
        address = next(line for line in server.stderr if "http://" in line)
        address = "http://" + address.split("http://")[1].split()[0].rstrip("/,;")
        draw = random.Random(1)
        sent = EDGES + WHOLE + [draw.random() * 10 ** draw.randint(-9, 9) for _ in range(2000)]
        ask(address, "reset", {"task_id": "remediation_planning"})
        ask(address, "step", {"action_type": "query_logs", "parameters": {"service": "x", "numbers": sent}})
        back = ask(address, "state")["action_history"][0]["parameters"]["numbers"]
        wrong = [(one, other) for one, other in zip(sent, back, strict=True) if one != other]
        if wrong:
            sys.exit(f"numbers_check.py: {len(wrong)} of {len(sent)} numbers came back otherwise, as {wrong[0]}")
        print(f"  {len(sent)} numbers came back as they went")
    finally:
        server.kill()


def ask(address, path, body=None):
    headers = {"content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{address}/{path}", data, headers), timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
