#!/usr/bin/env bash
# The server under load, also beside OpenEnv's own server in Python (openenv 0.10.0 from PyPI, 500 MB, once).
#   tests/perf/server.sh [ARGUMENT…]      the arguments of `cargo bench --bench server`
# Files go to E2E_CACHE (default: target/e2e), where tests/e2e/openenv.sh looks for the same package.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p "${E2E_CACHE:=target/e2e}/openenv"
package=$(realpath "$E2E_CACHE")/openenv/openenv-0.10.0

if [ ! -f "$package/.ok" ]; then
    echo 'installing openenv 0.10.0' >&2
    rm -rf "$package"
    python3 -m venv "$package"
    # Old versions of pip take minutes to choose among the many packages that this needs.
    "$package/bin/pip" install -q --disable-pip-version-check --upgrade pip
    "$package/bin/pip" install -q openenv==0.10.0 pytest
    touch "$package/.ok"
fi

exec cargo bench --locked --bench server -- --echo-python "$package/bin/python" "$@"
