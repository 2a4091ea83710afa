#!/usr/bin/env bash
# Exports runs for Inspect and reads them back with inspect-ai from PyPI (600 MB, once): its Python functions, its commands,
# its data frames, and the server behind `inspect view`.
#   BENCH=target/release/bench tests/e2e/inspect.sh
# Files go to E2E_CACHE (default: target/e2e). INSPECT_AI_VERSION asks for another version than versions.env.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
check=$e2e/inspect_check.py

environment inspect "inspect-ai==$INSPECT_AI_VERSION" "pandas==$PANDAS_VERSION" "pyarrow==$PYARROW_VERSION"
export PATH=$venv/bin:$PATH
say "inspect-ai $(inspect --version 2> /dev/null | tail -1)"

export_logs() {
    run report latest --out results --log-format "$1" > /dev/null 2> "$work/report.log" ||
        fail "the export failed: $(cat "$work/report.log")"
}

script_model flaky

say 'built-in agents'
run --epochs 2 --out results --quiet > /dev/null
export_logs eval
for protocol in text json tools; do
    say "a scripted model, protocol $protocol"
    # One call fails, so one episode is void; that is told and no error here.
    run --model "scripted-$protocol" --base-url "$model_url" --agent llm,oracle --protocol "$protocol" --epochs 2 \
        --concurrency 1 --max-retries 0 --max-void 1 --out results --quiet > /dev/null
    export_logs eval
done
export_logs json

say 'what Inspect reads is what the summaries say'
python "$check" read "$work/results" "$model_url"

say 'inspect log list, dump and convert'
logs=$(latest)/logs
evals=$(find "$work/results" -name '*.eval' | wc -l)
[ "$evals" -gt 0 ] || fail 'no log was exported'
inspect log list --json --log-dir "$work/results" > "$work/list.json"
python "$check" listed "$work/list.json" "$evals"
mkdir "$work/converted"
for log in "$logs"/*.eval; do
    inspect log dump "$log" > "$work/dump.json"
    inspect log convert "$log" --to json --output-dir "$work/converted" > "$work/convert.log" 2>&1 ||
        fail "inspect cannot convert $log: $(tail -5 "$work/convert.log")"
    python "$check" same "$log" "$work/dump.json" "$work/converted/$(basename "$log" .eval).json" "${log%.eval}.json"
done

say 'inspect view'
port=$(free_port)
start "$work/view.log" inspect view start --log-dir "$logs" --host 127.0.0.1 --port "$port"
wait_for "http://127.0.0.1:$port/" "$pid" "$work/view.log"
python "$check" view "http://127.0.0.1:$port" "$logs"

say 'passed'
