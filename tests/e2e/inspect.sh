#!/usr/bin/env bash
# Exports runs for Inspect and reads them back with the newest inspect-ai from PyPI (600 MB, once): its Python functions,
# its commands, its data frames, and the server behind `inspect view`.
#   BENCH=target/release/bench tests/e2e/inspect.sh
# Files go to E2E_CACHE (default: target/e2e). INSPECT_AI='inspect-ai==0.3.285' asks for another version.
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
check=$PWD/tests/e2e/inspect_check.py
mkdir -p "${E2E_CACHE:=target/e2e}/inspect"
cache=$(realpath "$E2E_CACHE")/inspect

say() { printf '  %s\n' "$1"; }
fail() { echo "inspect.sh: $1" >&2; exit 1; }

say 'installing inspect-ai'
[ -x "$cache/venv/bin/pip" ] || python3 -m venv "$cache/venv"
"$cache/venv/bin/pip" install -q --disable-pip-version-check --upgrade "${INSPECT_AI:-inspect-ai}" pandas pyarrow
export PATH=$cache/venv/bin:$PATH
say "$(inspect --version 2> /dev/null | tail -1)"

out=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true; rm -rf "$out"' EXIT
free_port() { python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# Waits until something answers at a URL.
wait_for() {
    for _ in $(seq 1 300); do
        curl -s -o /dev/null -m 5 "$1" && return
        sleep 0.2
    done
    fail "nothing answers at $1"
}
# A folder without .env or bench.toml, and no variable of the caller's.
run() { (cd "$out" && env -u API_BASE_URL -u MODEL_NAME -u API_KEY -u HF_TOKEN "$bench" "$@"); }
export_logs() {
    run report latest --out results --log-format "$1" > /dev/null 2> "$out/report.log" ||
        { cat "$out/report.log" >&2; fail 'the export failed'; }
}

port=$(free_port)
python "$check" serve "$port" &
pids+=($!)
url=http://127.0.0.1:$port/v1
wait_for "$url/models"

say 'built-in agents'
run --epochs 2 --out results --quiet > /dev/null
export_logs eval
for protocol in text json tools; do
    say "a scripted model, protocol $protocol"
    # One call fails, so one episode is void; that is told and no error here.
    run --model "scripted-$protocol" --base-url "$url" --agent llm,oracle --protocol "$protocol" --epochs 2 \
        --concurrency 1 --max-retries 0 --max-void 1 --out results --quiet > /dev/null
    export_logs eval
done
export_logs json

say 'what Inspect reads is what the summaries say'
python "$check" read "$out/results" "$url"

say 'inspect log list, dump and convert'
logs=$out/results/runs/$(cat "$out/results/latest")/logs
evals=$(find "$out/results" -name '*.eval' | wc -l)
inspect log list --json --log-dir "$out/results" > "$out/list.json"
python "$check" listed "$out/list.json" "$evals"
mkdir "$out/converted"
for log in "$logs"/*.eval; do
    inspect log dump "$log" > "$out/dump.json"
    inspect log convert "$log" --to json --output-dir "$out/converted" > /dev/null
    python "$check" same "$log" "$out/dump.json" "$out/converted/$(basename "$log" .eval).json" "${log%.eval}.json"
done

say 'inspect view'
port=$(free_port)
inspect view start --log-dir "$logs" --host 127.0.0.1 --port "$port" > "$out/view.log" 2>&1 &
pids+=($!)
wait_for "http://127.0.0.1:$port/"
python "$check" view "http://127.0.0.1:$port" "$logs"

say 'passed'
