#!/usr/bin/env bash
# The page's modules without a browser: `node --test` over tests/web. No package from npm, no network, no server.
#   tests/e2e/web_units.sh                 all tests
#   UPDATE=1 tests/e2e/web_units.sh        writes the pinned files in tests/web/snapshots anew; then read the difference
# Needs Node 18.19 or newer; Debian's nodejs is installed where apt-get may.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { echo "web_units.sh: $1" >&2; exit 1; }
is_new_enough() { node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && b >= 19) ? 0 : 1)' 2> /dev/null; }

if ! is_new_enough; then
    echo '  installing nodejs'
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends nodejs; } > /dev/null 2>&1 || true
    is_new_enough || fail 'needs Node 18.19 or newer, and apt-get could not install it'
fi
echo "  node $(node --version)"

# The files are modules by their content and not by a package.json, which the server would have to serve.
as_modules=--experimental-default-type=module
node "$as_modules" -e '' 2> /dev/null || as_modules=--disable-warning=MODULE_TYPELESS_PACKAGE_JSON
# A layout that never ends would otherwise hang here.
timeout 300 node --no-warnings "$as_modules" --test tests/web/*.test.js
