#!/usr/bin/env bash
# Exports runs as ATIF and reads every file with the newest models and validator of the Harbor framework from PyPI (60 MB,
# once), in Python 3.11 or newer.
#   BENCH=target/release/bench tests/e2e/atif.sh
# Files go to E2E_CACHE (default: target/e2e). HARBOR='harbor==0.26.0' asks for another version.
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
check=$PWD/tests/e2e/atif_check.py
server=$PWD/tests/e2e/inspect_check.py
mkdir -p "${E2E_CACHE:=target/e2e}/atif-venv"
venv=$(realpath "$E2E_CACHE")/atif-venv

say() { printf '  %s\n' "$1"; }
fail() { echo "atif.sh: $1" >&2; exit 1; }

say 'installing harbor'
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
# The framework asks for Python 3.12 and brings cloud clients along. Its models of the format need pydantic alone, and
# run on 3.11.
"$venv/bin/pip" install -q --disable-pip-version-check --upgrade pydantic
"$venv/bin/pip" install -q --disable-pip-version-check --upgrade --no-deps --ignore-requires-python "${HARBOR:-harbor}"
export PATH=$venv/bin:$PATH
say "$(python "$check" version)"

out=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$out"' EXIT
free_port() { python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() {
    for _ in $(seq 1 300); do
        curl -s -o /dev/null -m 5 "$1" && return
        sleep 0.2
    done
    fail "nothing answers at $1"
}
# A folder without .env or bench.toml, and no variable of the caller's.
run() { (cd "$out" && env -u API_BASE_URL -u MODEL_NAME -u API_KEY -u HF_TOKEN "$bench" "$@"); }
read_latest() { python "$check" read "$out/results/runs/$(cat "$out/results/latest")"; }

port=$(free_port)
python "$server" serve "$port" &
pid=$!
url=http://127.0.0.1:$port/v1
wait_for "$url/models"

say 'built-in agents'
run --epochs 2 --out results --quiet --log-format atif > /dev/null
read_latest
for protocol in text json tools; do
    for assist in fallback repair off; do
        say "a scripted model, protocol $protocol, assist $assist"
        # One call fails, so one episode is void; that is told and no error here.
        run --model "scripted-$protocol-$assist" --base-url "$url" --agent llm,oracle --protocol "$protocol" \
            --assist "$assist" --concurrency 1 --max-retries 0 --max-void 1 --record tape --out results --quiet \
            --log-format atif > /dev/null
        read_latest
    done
done

say 'a replayed run, exported behind it'
recorded=(--model "scripted-tools-repair" --base-url "$url" --agent llm --protocol tools --assist repair --max-void 9)
run "${recorded[@]}" --replay tape --out results --quiet > /dev/null || fail 'the replay failed'
run report latest --out results --log-format atif > /dev/null 2>&1 || fail 'the export failed'
read_latest

say 'the validator of the framework, as a command'
files=("$out/results/runs/$(cat "$out/results/latest")/logs/atif"/*.json)
python -m harbor.utils.trajectory_validator "${files[0]}" > /dev/null

say 'what is wrong would be seen'
python "$check" spoil "${files[0]}"

say 'passed'
