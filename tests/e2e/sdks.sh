#!/usr/bin/env bash
# Plays at a server that is made of the types of OpenAI's and Anthropic's own packages, and checks each request of a run by
# those types: all three APIs, with tools and with thoughts that are played back.
#   BENCH=target/release/bench tests/e2e/sdks.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

environment sdks "openai==$OPENAI_VERSION" "anthropic==$ANTHROPIC_VERSION"
"$venv/bin/python" "$e2e/sdks_check.py" "$bench"
say 'passed'
