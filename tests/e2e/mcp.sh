#!/usr/bin/env bash
# Plays incidents over MCP with clients that others wrote, from PyPI, in Python 3.11 or newer: the newest `mcp` on stdio and
# over HTTP, and the tool clients of openenv 0.10.0 and openenv-core 0.3.0 (1 GB with what they need, once).
#   BENCH=target/release/bench tests/e2e/mcp.sh
# Files go to E2E_CACHE (default: target/e2e). MCP='mcp==2.3.0' asks for another version of the first.
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
check=$PWD/tests/e2e/mcp_check.py
mkdir -p "${E2E_CACHE:=target/e2e}"
cache=$(realpath "$E2E_CACHE")

say() { printf '  %s\n' "$1"; }
fail() { echo "mcp.sh: $1" >&2; exit 1; }

# The Python of an environment with this package in it.
installed() { # folder package...
    local venv=$cache/$1
    shift
    # Old versions of pip take minutes to choose among the many packages that these need.
    [ -x "$venv/bin/pip" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check --upgrade pip >&2; }
    "$venv/bin/pip" install -q --disable-pip-version-check "$@" >&2
    echo "$venv/bin/python"
}

say 'installing the clients'
sdk=$(installed mcp-venv --upgrade "${MCP:-mcp}")
new=$(installed openenv-venv openenv==0.10.0)
old=$(installed openenv-core-venv openenv-core==0.3.0)
say "mcp $("$sdk" -c 'from importlib.metadata import version; print(version("mcp"))')"

out=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$out"' EXIT
cd "$out"

say 'the SDK starts bench mcp'
"$sdk" "$check" sdk-stdio "$bench"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
"$bench" serve --openenv --port "$port" --quiet &
pid=$!
for _ in $(seq 1 100); do
    curl -s -o /dev/null -m 5 "$url/health" && break
    sleep 0.1
done
curl -sf -o /dev/null -m 5 "$url/health" || fail "nothing answers at $url"

say 'the SDK over HTTP'
"$sdk" "$check" sdk-http "$url/mcp"

"$bench" --agent oracle --quiet --format csv > oracle.csv
run=results/runs/$(cat results/latest)
say 'openenv 0.10.0'
"$new" "$check" openenv "$url" "$run"

say 'openenv-core 0.3.0'
"$old" "$check" openenv "$url" "$run"

say 'no session is left behind'
for _ in $(seq 1 50); do
    left=$(curl -s "$url/metrics" | awk '$1 == "bench_sessions" { print $2 }')
    [ "$left" = 0 ] && break
    sleep 0.1
done
[ "$left" = 0 ] || fail "${left:-unknown} sessions are left"

say 'passed'
