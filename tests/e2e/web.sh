#!/usr/bin/env bash
# The web page in a real Chromium: the walkthroughs, a run, a trajectory, a comparison, a run that goes on, hostile replies,
# the keyboard alone, axe-core, and the time and the bytes of the first view.
#   BENCH=target/release/bench tests/e2e/web.sh [PICTURES]
# With a folder it leaves pictures of every view there, on a phone, a tablet and a screen, in light and dark, to be looked at.
# Needs Debian's chromium (installed where apt-get may) and Python 3.11; Playwright and axe-core come from PyPI (150 MB, once).
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
check=$PWD/tests/e2e/web_check.py
pictures=${1:-}
[ -z "$pictures" ] || { mkdir -p "$pictures" && pictures=$(realpath "$pictures"); }
mkdir -p "${E2E_CACHE:=target/e2e}/web-venv"
venv=$(realpath "$E2E_CACHE")/web-venv

say() { printf '  %s\n' "$1"; }
fail() { echo "web.sh: $1" >&2; exit 1; }

browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
if ! browser > /dev/null; then
    say 'installing chromium'
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core; } \
        > /dev/null 2>&1 || fail "there is no chromium, and apt-get could not install it"
fi
say "$("$(browser)" --version 2> /dev/null | head -1)"
say 'installing playwright and axe-core'
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check playwright==1.49.0 axe-playwright-python==0.1.8

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out"
# No settings and no key of whoever runs it.
env -u API_BASE_URL -u MODEL_NAME -u API_KEY -u HF_TOKEN BENCH="$bench" CHROMIUM="$(browser)" PICTURES="$pictures" \
    PYTHONUNBUFFERED=1 "$venv/bin/python" "$check"
