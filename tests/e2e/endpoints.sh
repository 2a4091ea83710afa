#!/usr/bin/env bash
# Plays a real model by each of the three APIs: at llama.cpp's server, in one run that is recorded, killed, resumed and
# replayed; without saying which API it is; and through the LiteLLM proxy, which says what it billed.
#   BENCH=target/release/bench tests/e2e/endpoints.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/llama.sh
source "$e2e/llama.sh"
# shellcheck source=tests/e2e/sockets.sh
source "$e2e/sockets.sh"

apis=(chat responses messages)
# One contestant an API, in one run.
by_apis() { # model
    local models
    models=$(printf "$1?api=%s," "${apis[@]}")
    echo "${models%,}"
}
play=(--agent llm --scenario AC-001 --temperature 0 --timeout 300 --concurrency 1 --out results --format json)
text=(--protocol text --max-tokens 48)
sane() { # table contestants
    "$python" - "$@" <<'PY'
import json, sys
rows = json.load(open(sys.argv[1]))["rows"]
assert len(rows) == int(sys.argv[2]), [row["model"] for row in rows]
for row in rows:
    print("   ", {key: row[key] for key in ("model", "overall", "steps", "calls", "retries", "usage")})
    assert (row["void"], row["episodes"]) == (0, 1), "the episode has no score"
    assert row["calls"] == row["steps"] > 0, "a call a step"
    assert row["retries"] == 0, "nothing had to be asked twice"
    usage, check = row["usage"], row["check_usage"]
    # llama.cpp keeps the prompt of a turn for the next one.
    assert usage["prompt_tokens"] > 500 and check["prompt_tokens"] > 20 and usage["completion_tokens"] > 0, (usage, check)
    assert row["calls"] == 1 or 0 < usage["cached_tokens"] < usage["prompt_tokens"], usage
    sources = ("model_steps", "repaired_steps", "override_steps", "fallback_steps")
    assert sum(row[key] for key in sources) == row["steps"], "every step has a source"
PY
}

say 'an episode by each API, in one run that is killed twice'
# The server tells when it begins to answer.
answers() { grep -c 'launch_slot_' "$llama_log" || true; }
before=$(answers)
episodes=(--model "$(by_apis "$name")" --base-url "$url" "${play[@]}" "${text[@]}")
called() { cat "$work"/results/runs/*/events.jsonl 2> /dev/null | grep -c '"type":"model.called"' || true; }
kill_after() { # calls command…
    start "$work/killed.log" "$bench" "${@:2}"
    for _ in $(seq 6000); do
        [ "$(called)" -lt "$1" ] || break
        kill -0 "$pid" 2> /dev/null || fail "the run ended before it was killed: $(tail -5 "$work/killed.log")"
        sleep 0.02
    done
    kill -KILL "$pid"
    wait "$pid" 2> /dev/null || true
}
kill_after 1 "${episodes[@]}" --record tape
kill_after 4 resume
run resume --format json > "$work/resumed.json"
sane "$work/resumed.json" 3
"$python" - "$work/resumed.json" $(($(answers) - before)) <<'PY'
import json, sys
rows, answers = json.load(open(sys.argv[1]))["rows"], int(sys.argv[2])
calls, checks = sum(row["calls"] for row in rows), 2 * len(rows)
# Each kill may have met a call of each contestant; no other is paid twice.
assert calls + checks <= answers <= calls + checks + 2 * len(rows), (calls, checks, answers)
print("   ", calls, "calls and", checks, "of the check,", answers, "answers")
PY

say 'the API is found out'
run --model "$name" --base-url "$url" "${play[@]}" --protocol json --max-tokens 512 > "$work/found.json"
sane "$work/found.json" 1

say 'the LiteLLM proxy before it'
environment litellm "litellm[proxy]==$LITELLM_VERSION"
cat > "$work/litellm.yaml" <<EOF
model_list:
  - model_name: small
    litellm_params: {model: openai/$name, api_base: $url, api_key: none}
    model_info: {input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}
litellm_settings: {include_cost_in_streaming_usage: true}
EOF
proxy=http://127.0.0.1:$(free_port)
key=sk-proxy-0123456789abcdef0123456789abcdef
start "$work/litellm.log" PATH="$venv/bin:$PATH" LITELLM_MASTER_KEY="$key" LITELLM_LOCAL_MODEL_COST_MAP=True \
    "$venv/bin/litellm" --config "$work/litellm.yaml" --host 127.0.0.1 --port "${proxy##*:}" --telemetry False
wait_for "$proxy/health/liveliness" "$pid" "$work/litellm.log"
run_with_key() { (become API_KEY="$key" "$bench" "$@"); }
run_with_key --model "$(by_apis small)" --base-url "$proxy/v1" "${play[@]}" "${text[@]}" > "$work/proxied.json"
sane "$work/proxied.json" 3
"$python" - "$work/proxied.json" <<'PY'
import json, sys
for row in json.load(open(sys.argv[1]))["rows"]:
    used, check = row["usage"], row["check_usage"]
    tokens = [used[key] + check[key] for key in ("prompt_tokens", "completion_tokens")]
    billed = tokens[0] * 1e-6 + tokens[1] * 2e-6
    assert abs(row["cost_usd"] - billed) < 1e-9, (row["model"], row["cost_usd"], billed)
print("    the cost is what the proxy says, to the cent of a cent")
PY
! grep -rq "$key" "$work/results" || fail 'the key is in a file'

choose_proofs "$url"
stop_llama
for proof in "${proofs[@]}"; do
    say "the killed run again from its recording, $proof"
    without_socket "$proof" "${episodes[@]}" --replay tape --quiet > "$work/again.json"
    "$python" - "$work/resumed.json" "$work/again.json" <<'PY'
import json, sys
live, again = (json.load(open(path))["rows"] for path in sys.argv[1:])
assert live == again, f"the rows differ:\n{live}\n{again}"
PY
done

say 'passed'
