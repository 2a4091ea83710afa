#!/usr/bin/env bash
# Every file in examples/ against a server, as a user would run them. Needs curl, Python 3.10 and openenv 0.10.0, which
# tests/e2e/openenv.sh installs.
#   BENCH=target/release/bench tests/e2e/examples.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
mkdir -p "${E2E_CACHE:=target/e2e}/openenv"
venv=$(realpath "$E2E_CACHE")/openenv/openenv-0.10.0

say() { printf '  %s\n' "$1"; }
fail() { echo "examples.sh: $1" >&2; exit 1; }

[ -f "$venv/.ok" ] || fail "run tests/e2e/openenv.sh first: it installs openenv into $venv"
"$venv/bin/pip" install -q --disable-pip-version-check --no-deps --force-reinstall clients/python
export PATH=$venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1

out=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$out"' EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# Starts a server with these options, and stops the one before.
serve() {
    [ -z "$pid" ] || { kill "$pid"; wait "$pid" || fail "the server ended with $?"; }
    port=$(free_port)
    url=http://127.0.0.1:$port
    "$bench" serve --port "$port" "$@" 2> "$out/serve.log" &
    pid=$!
    for _ in $(seq 1 100); do
        curl -s -o /dev/null -m 5 "$url/health" && return
        kill -0 "$pid" 2> /dev/null || fail "the server ended: $(cat "$out/serve.log")"
        sleep 0.1
    done
    fail "nothing answers at $url"
}

serve
say 'curl.sh'
examples/curl.sh "$url" > "$out/curl.txt" || fail "$(tail -3 "$out/curl.txt")"
grep -q '"total":1.0,' "$out/curl.txt" || fail 'curl.sh: no full score'
grep -q "unknown task 'napping'; tasks: alert_classification" "$out/curl.txt" || fail 'curl.sh: the refusal is not told'

say 'rest.py'
examples/rest.py "$url" > "$out/rest.txt"
[ "$(grep -c '^\(AC\|RCA\|RP\)-00[123] *[01]\.[0-9]* in 3 steps' "$out/rest.txt")" = 9 ] ||
    fail "rest.py: $(cat "$out/rest.txt")"
# Two different severities are right, which no constant answer is.
[ "$(grep -c '^AC-00[23] *1.00' "$out/rest.txt")" = 2 ] || fail "rest.py: $(cat "$out/rest.txt")"

serve --openenv
say 'openenv_client.py'
examples/openenv_client.py "$url" > "$out/client.txt"
[ "$(wc -l < "$out/client.txt")" = 6 ] && [ "$(sort -u "$out/client.txt" | wc -l)" = 3 ] ||
    fail "openenv_client.py: equal seeds differ: $(cat "$out/client.txt")"

say 'grpo_trl.py --steps 10 --dry'
INCIDENT_BENCH_URL=$url examples/grpo_trl.py --steps 10 --dry > "$out/grpo.txt"
sed 's/^/  /' "$out/grpo.txt"
[ "$(grep -c '^step ' "$out/grpo.txt")" = 10 ] || fail 'grpo_trl.py: not ten steps'
# Chance is seeded, so what docs/TRAINING.md shows is what comes out.
grep '^step ' "$out/grpo.txt" | while IFS= read -r line; do
    grep -qF -- "$line" docs/TRAINING.md || fail "docs/TRAINING.md lacks: $line"
done

say 'mcp.json'
python3 - "$bench" "$url" <<'PY'
import json, subprocess, sys, urllib.error, urllib.request
bench, url = sys.argv[1:]
servers = json.load(open("examples/mcp.json"))["mcpServers"]
hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
    "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "e2e", "version": "1"}}}
has_mcp = "/mcp" in json.load(urllib.request.urlopen(f"{url}/openapi.json"))["paths"]
if not has_mcp:
    print("  skipped: this server has no /mcp")
    sys.exit()
path = servers["incident-bench-http"]["url"].removeprefix("http://127.0.0.1:7860")
headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
request = urllib.request.Request(url + path, json.dumps(hello).encode(), headers)
answer = json.load(urllib.request.urlopen(request))
assert answer["result"]["serverInfo"]["name"], answer
stdio = servers["incident-bench"]
hello = json.dumps(hello) + "\n"
process = subprocess.run([bench, *stdio["args"]], input=hello, capture_output=True, text=True, timeout=20)
answer = json.loads(process.stdout.splitlines()[0])
assert answer["result"]["serverInfo"]["name"], answer
PY

say 'an exam gives nothing to train on, and says so'
serve --openenv --exam
if INCIDENT_BENCH_URL=$url examples/grpo_trl.py --steps 1 --dry > /dev/null 2> "$out/exam.txt"; then
    fail 'grpo_trl.py trained on an exam'
fi
grep -q 'holds an exam' "$out/exam.txt" || fail "grpo_trl.py: $(tail -1 "$out/exam.txt")"

say 'passed'
