#!/usr/bin/env bash
# A run on a real NATS server: workers and coordinator killed at random, the server restarted with its store.
#   BENCH=target/release/bench tests/e2e/queue.sh [KILLS]      50 without a number
#   BENCH=target/release/bench tests/e2e/queue.sh times        the time that 1, 2 and 4 workers take, beside the ideal
# Needs nats-server, and installs Debian's where there is none.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v nats-server > /dev/null; then
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends nats-server; } \
        > /dev/null 2>&1 || { echo 'queue.sh: there is no nats-server, and apt-get could not install one' >&2; exit 1; }
fi
exec python3 tests/e2e/queue_check.py "$(realpath "${BENCH:-target/release/bench}")" "$@"
