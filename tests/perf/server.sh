#!/usr/bin/env bash
# The server under load, also beside OpenEnv's own server in Python (openenv from PyPI, 500 MB, once).
#   tests/perf/server.sh [ARGUMENT…]      the arguments of `cargo bench --bench server`
# Files go to E2E_CACHE (default: target/e2e), where tests/e2e/openenv.sh looks for the same package.
set -euo pipefail
export builds_bench=yes
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/../e2e/lib.sh"
environment openenv "openenv==$OPENENV_VERSION" "pytest==$PYTEST_VERSION"
cargo bench --locked --bench server -- --echo-python "$venv/bin/python" "$@"
