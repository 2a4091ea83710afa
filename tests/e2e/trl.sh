#!/usr/bin/env bash
# The environments of examples/grpo_trl.py under TRL's own trainer, on a processor, with a model of random weights whose
# words are scripted. Installs trl 1.16.0 with torch from PyPI (6 GB, once), so it is no stage of .ci/run.
#   BENCH=target/release/bench tests/e2e/trl.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
mkdir -p "${E2E_CACHE:=target/e2e}"
venv=$(realpath "$E2E_CACHE")/trl

say() { printf '  %s\n' "$1"; }
fail() { echo "trl.sh: $1" >&2; exit 1; }

if [ ! -f "$venv/.ok" ]; then
    say 'installing trl'
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check --upgrade pip
    "$venv/bin/pip" install -q trl==1.16.0 torch jinja2 openenv==0.10.0
    touch "$venv/.ok"
fi
"$venv/bin/pip" install -q --disable-pip-version-check --no-deps --force-reinstall clients/python

out=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$out"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
"$bench" serve --openenv --port "$port" 2> "$out/serve.log" &
pid=$!
for _ in $(seq 1 100); do
    curl -s -o /dev/null -m 5 "$url/health" && break
    kill -0 "$pid" 2> /dev/null || fail "the server ended: $(cat "$out/serve.log")"
    sleep 0.1
done

say 'six steps of GRPOTrainer'
OUT=$out/grpo PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" tests/e2e/trl_check.py "$url" 6 \
    > "$out/trl.txt" 2> "$out/trl.err" || fail "$(tail -5 "$out/trl.err")"
grep '^step ' "$out/trl.txt"
# What docs/TRAINING.md shows is what comes out.
grep '^step ' "$out/trl.txt" | while IFS= read -r line; do
    grep -qF -- "$line" docs/TRAINING.md || fail "docs/TRAINING.md lacks: $line"
done
say 'passed'
