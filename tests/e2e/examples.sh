#!/usr/bin/env bash
# Every file in examples/ against a server, as a user would run them. Needs curl and Python 3.10; openenv comes from PyPI
# (500 MB, once; openenv.sh uses the same).
#   BENCH=target/release/bench tests/e2e/examples.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

environment openenv "openenv==$OPENENV_VERSION" "pytest==$PYTEST_VERSION"
"$venv/bin/pip" install -q --no-deps --force-reinstall clients/python
export PATH=$venv/bin:$PATH

serve
say 'curl.sh'
examples/curl.sh "$url" > "$work/curl.txt" || fail "curl.sh: $(tail -3 "$work/curl.txt")"
grep -q '"total":1.0,' "$work/curl.txt" || fail 'curl.sh: no full score'
grep -q "unknown task 'napping'; tasks: alert_classification" "$work/curl.txt" || fail 'curl.sh: the refusal is not told'

say 'rest.py'
examples/rest.py "$url" > "$work/rest.txt"
[ "$(grep -c '^\(AC\|RCA\|RP\)-00[123] *[01]\.[0-9]* in 3 steps' "$work/rest.txt")" = 9 ] ||
    fail "rest.py: $(cat "$work/rest.txt")"
# Two different severities are right, which no constant answer is.
[ "$(grep -c '^AC-00[23] *1.00' "$work/rest.txt")" = 2 ] || fail "rest.py: $(cat "$work/rest.txt")"

serve --openenv
say 'openenv_client.py'
examples/openenv_client.py "$url" > "$work/client.txt"
[ "$(wc -l < "$work/client.txt")" = 6 ] && [ "$(sort -u "$work/client.txt" | wc -l)" = 3 ] ||
    fail "openenv_client.py: equal seeds differ: $(cat "$work/client.txt")"

say 'grpo_trl.py --steps 10 --dry'
INCIDENT_BENCH_URL=$url examples/grpo_trl.py --steps 10 --dry > "$work/grpo.txt"
sed 's/^/  /' "$work/grpo.txt"
[ "$(grep -c '^step ' "$work/grpo.txt")" = 10 ] || fail 'grpo_trl.py: not ten steps'
# Chance is seeded, so what docs/TRAINING.md shows is what comes out.
grep '^step ' "$work/grpo.txt" | documented docs/TRAINING.md

say 'mcp.json'
python3 - "$bench" "$url" <<'PY'
import json, subprocess, sys, urllib.request
bench, url = sys.argv[1:]
servers = json.load(open("examples/mcp.json"))["mcpServers"]
hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
    "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "e2e", "version": "1"}}}
http = servers["incident-bench-http"]["url"]
path = http.removeprefix("http://127.0.0.1:7860")
assert path.startswith("/"), f"{http} is not at the port that bench serve has"
headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
request = urllib.request.Request(url + path, json.dumps(hello).encode(), headers)
answer = json.load(urllib.request.urlopen(request, timeout=20))
assert answer["result"]["serverInfo"]["name"], answer
stdio = servers["incident-bench"]
hello = json.dumps(hello) + "\n"
process = subprocess.run([bench, *stdio["args"]], input=hello, capture_output=True, text=True, timeout=20)
answer = json.loads(process.stdout.splitlines()[0])
assert answer["result"]["serverInfo"]["name"], answer
PY

say 'an exam gives nothing to train on, and says so'
serve --openenv --exam
if INCIDENT_BENCH_URL=$url examples/grpo_trl.py --steps 1 --dry > /dev/null 2> "$work/exam.txt"; then
    fail 'grpo_trl.py trained on an exam'
fi
grep -q 'holds an exam' "$work/exam.txt" || fail "grpo_trl.py: $(tail -1 "$work/exam.txt")"

stop_serving
say 'passed'
