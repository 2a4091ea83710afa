#!/usr/bin/env bash
# Sends the server what schemathesis makes of its /openapi.json: requests that the document allows, requests that it
# forbids, and chains of them. The newest release from PyPI (100 MB, once), in Python 3.10 or newer.
#   BENCH=target/release/bench tests/e2e/schemathesis.sh [EXAMPLES [OPTION OF bench serve]…]
# EXAMPLES [default: 15] are made for each operation, beside those that are the same every time; 1000 come to more than
# 20 000 cases. What is refused and must not be, and the reverse, stands in schemathesis.toml with its exceptions.
# Files go to E2E_CACHE (default: target/e2e). SCHEMATHESIS='schemathesis==4.32.5' asks for another version, SEED for other
# cases: without it they are the same in every run, so that a change fails by its own fault.
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
config=$PWD/tests/e2e/schemathesis.toml
mkdir -p "${E2E_CACHE:=target/e2e}/schemathesis-venv"
venv=$(realpath "$E2E_CACHE")/schemathesis-venv
examples=${1:-15}
[ $# -eq 0 ] || shift
seed=${SEED:-0}

say() { printf '  %s\n' "$1"; }
fail() { echo "schemathesis.sh: $1" >&2; exit 1; }

say 'installing schemathesis'
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check --upgrade "${SCHEMATHESIS:-schemathesis}"

out=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$out"' EXIT
cd "$out"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
# A folder without .env or bench.toml, and no variable of the caller's: its own runs are played by the heuristic agent.
env -u API_BASE_URL -u MODEL_NAME -u API_KEY -u HF_TOKEN "$bench" serve --port "$port" --quiet "$@" 2> serve.log &
pid=$!
for _ in $(seq 1 100); do
    curl -s -o /dev/null -m 5 "$url/health" && break
    kill -0 "$pid" 2> /dev/null || fail "the server ended: $(cat serve.log)"
    sleep 0.1
done

say "$("$venv/bin/st" --version | head -1), seed $seed, $examples examples for an operation"
began=$SECONDS
"$venv/bin/st" --config-file "$config" run "$url/openapi.json" --max-examples "$examples" --seed "$seed" \
    --continue-on-failure --generation-database none --request-timeout 60 --no-color > st.log 2>&1 ||
    { cat st.log; fail "what the server does and what its document says differ; SEED=$seed makes the same cases again"; }
took=$((SECONDS - began))

kill -0 "$pid" 2> /dev/null || fail "the server ended: $(cat serve.log)"
curl -sf -m 5 "$url/metrics" > metrics
if grep -E '^bench_http_requests_total\{.*status="5[0-9][0-9]"' metrics >&2; then fail 'the server failed at a request'; fi
! grep -qi 'panic' serve.log || fail "the server panicked: $(cat serve.log)"
requests=$(awk '/^bench_http_requests_total/ { sum += $NF } END { print sum }' metrics)

sed -nE 's/^[^A-Z]*((Coverage|Fuzzing|Stateful|API Links).*)/\1/p' st.log | grep -E '\(in|covered' | sed 's/^/    /'
kill "$pid"
wait "$pid" || fail "the server ended with $?"
pid=
cases=$(sed -n 's/^ *\([0-9]*\) generated.*/\1/p' st.log | head -1)
say "passed: $cases cases, $requests requests in $took s"
