#!/usr/bin/env bash
# A run on a real NATS server: workers and coordinator killed at random, the server restarted with its store.
#   BENCH=target/release/bench tests/e2e/queue.sh [KILLS]      50 without a number; SEED tries others
#   BENCH=target/release/bench tests/e2e/queue.sh times        the time that 1, 2 and 4 workers take, beside the ideal
# Needs Python 3.11, and nats-server, which it installs from Debian where there is none.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
need nats-server nats-server
(become SEED="${SEED:-0}" python3 "$e2e/queue_check.py" "$bench" "$@")
