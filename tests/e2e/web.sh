#!/usr/bin/env bash
# The web page in a real Chromium: the walkthroughs, a run, a trajectory, a comparison, a run that goes on, hostile replies,
# the keyboard alone, axe-core, and the time and the bytes of the first view.
#   BENCH=target/release/bench tests/e2e/web.sh [PICTURES]
# With a folder it leaves pictures of every view there, on a phone, a tablet and a screen, in light and dark, to be looked at.
# Needs Debian's chromium (installed where apt-get may) and Python 3.11; Playwright and axe-core come from PyPI (150 MB, once).
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
pictures=${1:+$(realpath -m "$1")}
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
[ -z "$pictures" ] || mkdir -p "$pictures"

need_chromium
say "$("$chromium" --version 2> /dev/null | sed -n 1p)"
environment web "playwright==$PLAYWRIGHT_VERSION" "axe-playwright-python==$AXE_PLAYWRIGHT_VERSION"
(become BENCH="$bench" CHROMIUM="$chromium" PICTURES="$pictures" PYTHONUNBUFFERED=1 "$venv/bin/python" "$e2e/web_check.py")
