#!/usr/bin/env bash
# Plays incidents over MCP with clients that others wrote, from PyPI, in Python 3.11 or newer: the SDK `mcp` on stdio and
# over HTTP (70 MB, once), and the tool clients of openenv and of openenv-core, its older line (480 MB each, once; openenv.sh
# uses the same).
#   BENCH=target/release/bench tests/e2e/mcp.sh
# Files go to E2E_CACHE (default: target/e2e). MCP_VERSION asks for another version of the SDK than versions.env.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
check=$e2e/mcp_check.py

environment mcp "mcp==$MCP_VERSION"
sdk=$venv/bin/python
environment openenv "openenv==$OPENENV_VERSION" "pytest==$PYTEST_VERSION"
new=$venv/bin/python
environment openenv-core "openenv-core==$OPENENV_CORE_VERSION" "pytest==$PYTEST_VERSION"
old=$venv/bin/python
cd "$work"

say "the SDK $MCP_VERSION starts bench mcp"
"$sdk" "$check" sdk-stdio "$bench"

serve --openenv --quiet
say 'the SDK over HTTP'
"$sdk" "$check" sdk-http "$url/mcp"

run --agent oracle --quiet --format csv > oracle.csv
say "openenv $OPENENV_VERSION"
"$new" "$check" openenv "$url" "$(latest)"

say "openenv-core $OPENENV_CORE_VERSION"
"$old" "$check" openenv "$url" "$(latest)"

say 'no session is left behind'
left=
for _ in $(seq 50); do
    left=$(curl -sf -m 5 "$url/metrics" | awk '$1 == "bench_sessions" { print $2 }')
    [ "$left" != 0 ] || break
    sleep 0.1
done
[ "$left" = 0 ] || fail "${left:-unknown} sessions are left"

stop_serving
say 'passed'
