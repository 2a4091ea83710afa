#!/usr/bin/env bash
# Plays at two model servers that others wrote, llmock (PyPI, 80 MB) and aimock (npm, 12 MB), by each of the three APIs, while
# they break on demand: an episode ends scored after retries, or void and named, and soon.
#   BENCH=target/release/bench tests/e2e/faults.sh
# Files go to E2E_CACHE (default: target/e2e). aimock needs Node 20.15 or newer with npm; where neither is there nor can be
# installed, the script says that it leaves aimock out.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

environment llmock "llmock==$LLMOCK_VERSION"
"$e2e/faults_check.py" "$bench" llmock "$venv/bin/llmock"

has_node() { node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 15) ? 0 : 1)' 2> /dev/null && command -v npm > /dev/null; }
has_node || install_packages nodejs npm || true
if has_node; then
    aimock=$cache/npm/aimock-$AIMOCK_VERSION
    if [ ! -f "$aimock/.installed" ]; then
        say "installing @copilotkit/aimock@$AIMOCK_VERSION"
        npm install --prefix "$aimock" --no-audit --no-fund --ignore-scripts "@copilotkit/aimock@$AIMOCK_VERSION" > "$work/npm.log" 2>&1 ||
            fail "npm could not install aimock: $(tail -5 "$work/npm.log")"
        touch "$aimock/.installed"
    fi
    # Its older name is that of the program that takes options.
    "$e2e/faults_check.py" "$bench" aimock "$aimock/node_modules/.bin/llmock"
else
    say 'LEFT OUT: aimock; there is no Node 20.15 or newer with npm, and apt-get could not install it'
fi

say 'passed'
