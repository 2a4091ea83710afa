#!/usr/bin/env bash
# Sends the server what schemathesis makes of its /openapi.json: requests that the document allows, requests that it
# forbids, and chains of them. From PyPI (100 MB, once), in Python 3.10 or newer.
#   BENCH=target/release/bench tests/e2e/schemathesis.sh [EXAMPLES [OPTION OF bench serve]…]
# EXAMPLES [default: 15] are made for each operation, beside those that are the same every time; 1000 come to more than
# 20 000 cases. What is refused and must not be, and the reverse, is in schemathesis.toml with its exceptions.
# Files go to E2E_CACHE (default: target/e2e). SCHEMATHESIS_VERSION asks for another version than versions.env, SEED for other
# cases: without it they are the same in every run, so that a change fails by its own fault.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
examples=${1:-15}
[ $# -eq 0 ] || shift
seed=${SEED:-0}

environment schemathesis "schemathesis==$SCHEMATHESIS_VERSION"
# Without a model, so its own runs are played by the heuristic agent.
serve --quiet "$@"
cd "$work"

say "schemathesis $SCHEMATHESIS_VERSION, seed $seed, $examples examples for an operation"
began=$SECONDS
"$venv/bin/st" --config-file "$e2e/schemathesis.toml" run "$url/openapi.json" --max-examples "$examples" --seed "$seed" \
    --continue-on-failure --generation-database none --request-timeout 60 --no-color > st.log 2>&1 ||
    { cat st.log; fail "what the server does and what its document says differ; SEED=$seed makes the same cases again"; }
took=$((SECONDS - began))

curl -sf -m 5 "$url/metrics" > metrics || fail "the server is gone: $(tail -20 serve.log)"
if grep -E '^bench_http_requests_total\{.*status="5[0-9][0-9]"' metrics >&2; then fail 'the server failed at a request'; fi
! grep -qi 'panic' serve.log || fail "the server panicked: $(cat serve.log)"
requests=$(awk '/^bench_http_requests_total/ { sum += $NF } END { print sum + 0 }' metrics)
cases=$(sed -n 's/^ *\([0-9]*\) generated.*/\1/p' st.log | sed -n 1p)
[ "${cases:-0}" -gt 0 ] && [ "$requests" -ge "$cases" ] || fail "${cases:-no} cases came to $requests requests: $(tail -20 st.log)"

sed -nE 's/^[^A-Z]*((Coverage|Fuzzing|Stateful|API Links).*)/\1/p' st.log | grep -E '\(in|covered' | sed 's/^/    /'
stop_serving
say "passed: $cases cases, $requests requests in $took s"
