#!/usr/bin/env bash
# The GitHub Action's shell part against recordings: a pass, a regression and a case that cannot be decided.
#   BENCH=target/release/bench tests/e2e/gate.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
bench=$(realpath "${BENCH:-target/release/bench}")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work"

say() { printf '  %s\n' "$1"; }
fail() { echo "gate.sh: $1" >&2; exit 1; }

# A model that answers well, badly, or by a coin, as the weather is.
cat > model.py <<'PY'
import http.server, json, random, re, sys

random.seed(7)


class Model(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = json.dumps(answer(request))
        body = json.dumps({
            "id": "1", "model": request["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def answer(request):
    mood, system = WEATHER, request["messages"][0]["content"]
    good = {"fair": True, "foul": False}.get(mood, random.random() < 0.5)
    service = re.search(r"known services: ([\w-]+)", request["messages"][1]["content"])
    service = service.group(1) if service else "none"
    if len(request["messages"]) < 4:
        return {"action_type": "query_logs", "parameters": {"service": service}}
    if "submit_severity" in system:
        return {"action_type": "submit_severity", "parameters": {"severity": "P2" if good else "P4"}}
    if "submit_root_cause" in system:
        culprits = ["analytics-service", "network-infra", "config-service"]
        known = [name for name in culprits if name in request["messages"][1]["content"]]
        service = known[0] if good and known else service
        return {"action_type": "submit_root_cause", "parameters": {"service": service, "failure_mode": "query bgp credential"}}
    words = "analytics bgp config query route credential restarted" if good else "nothing of note was seen or done here"
    return {"action_type": "submit_resolution", "parameters": {"summary": f"summary of the work: {words}"}}


WEATHER = sys.argv[1]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
print(server.server_address[1], flush=True)
server.serve_forever()
PY

record() { # weather
    python3 model.py "$1" > port &
    server=$!
    for _ in $(seq 1 100); do [ -s port ] && break; sleep 0.1; done
    "$bench" --model m --base-url "http://127.0.0.1:$(cat port)/v1" --agent llm --epochs 4 --record "tape-$1" --out "$1" -q > /dev/null
    kill "$server"; wait "$server" 2>/dev/null || true; server=; rm port
}

gate() { # baseline, tape; sets code
    : > summary.md; : > output.txt
    code=0
    BENCH=$bench GATE_RUN="--model m --base-url http://127.0.0.1:9/v1 --agent llm --epochs 4 --replay $2 --quiet" \
        GATE_BASELINE=$1 GATE_MARGIN=0.02 GITHUB_STEP_SUMMARY=summary.md GITHUB_OUTPUT=output.txt \
        bash "$root/action/gate.sh" > annotations.txt || code=$?
}

for weather in fair foul mixed; do record "$weather"; done
base=fair/runs/$(cat fair/latest)

say 'the same again passes'
gate "$base" tape-fair
[ "$code" = 0 ] || fail "exit $code"
grep -q 'verdict=pass' output.txt && grep -q '| m | overall |' summary.md && [ ! -s annotations.txt ] || fail 'what a pass says'

say 'a worse one fails, with annotations'
gate "$base" tape-foul
[ "$code" = 1 ] || fail "exit $code"
grep -q 'verdict=regressed' output.txt && grep -q '^::error title=incident-bench regressed::m overall' annotations.txt || fail 'what a regression says'
grep -q 'they part at step' summary.md || fail 'the first difference is not shown'

say 'scores that scatter cannot be decided'
python3 - <<'PY' > noisy.json
import json, glob
# A base with the same scores by other steps: were the steps the same too, equality would decide.
summary = json.load(open(sorted(glob.glob("mixed/runs/*/summary.json"))[0]))
summary["rows"][0]["trajectory_digest"] = "sha256:another"
print(json.dumps(summary))
PY
gate noisy.json tape-mixed
[ "$code" = 3 ] || fail "exit $code, expected 3"
grep -q 'verdict=inconclusive' output.txt && grep -q 'cannot be decided' summary.md || fail 'what an undecided one says'

say 'a recording that is not there is an error and no verdict'
gate "$base" tape-none
[ "$code" = 2 ] || fail "exit $code"

say 'passed'
