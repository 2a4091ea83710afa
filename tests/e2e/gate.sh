#!/usr/bin/env bash
# The GitHub Action's shell part against recordings of a scripted model: a pass, a regression, a case that cannot be
# decided, and what is wrong with the arguments.
#   BENCH=target/release/bench tests/e2e/gate.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
cd "$work"

record() { # mood
    script_model "$1"
    run --model m --base-url "$model_url" --agent llm --epochs 4 --record "tape-$1" --out "$1" -q > /dev/null
    stop_model
}

gate() { # baseline arguments [variable=value…]; sets code
    : > summary.md
    : > output.txt
    code=0
    (become BENCH="$bench" GATE_BASELINE="$1" GATE_RUN="$2" GATE_MARGIN=0.02 GITHUB_STEP_SUMMARY=summary.md \
        GITHUB_OUTPUT=output.txt "${@:3}" bash "$root/action/gate.sh") > annotations.txt 2> errors.txt || code=$?
}
# Arguments over two lines, as a workflow file may have them.
replay() { printf '%s\n' '--model m --base-url http://127.0.0.1:9/v1 --quiet' "--agent llm --epochs 4 --replay $1"; }
ended() { # code verdict
    [ "$code" = "$1" ] || fail "exit $code, expected $1: $(cat annotations.txt errors.txt)"
    [ "$(cat output.txt)" = "verdict=$2" ] || fail "the output is '$(cat output.txt)', expected the verdict $2"
}
says() { # file pattern
    grep -q -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"
}

for mood in fair foul mixed; do record "$mood"; done
base=fair/runs/$(cat fair/latest)

say 'the same again passes'
gate "$base" "$(replay tape-fair)"
ended 0 pass
says summary.md '| m | overall |'
[ ! -s annotations.txt ] || fail "a pass is annotated: $(cat annotations.txt)"

say 'a worse one fails, with annotations'
gate "$base" "$(replay tape-foul)"
ended 1 regressed
says annotations.txt '^::error title=incident-bench regressed::m overall'
says summary.md 'they part at step'

say 'scores that scatter cannot be decided'
python3 - <<'PY' > noisy.json
import glob, json
# A base with the same scores by other steps: were the steps the same too, equality would decide.
[path] = glob.glob("mixed/runs/*/summary.json")
summary = json.load(open(path))
summary["rows"][0]["trajectory_digest"] = "sha256:another"
print(json.dumps(summary))
PY
gate noisy.json "$(replay tape-mixed)"
ended 3 inconclusive
says summary.md 'cannot be decided'
gate noisy.json "$(replay tape-mixed)" GATE_UNDECIDED=pass
ended 0 inconclusive

say 'a recording that is not there is an error and no verdict'
gate "$base" "$(replay tape-none)"
ended 2 error
says annotations.txt '^::error title=incident-bench::the run ended with exit code 2'

say 'so is a baseline that is not there'
gate nothing "$(replay tape-fair)"
ended 2 error
says annotations.txt '^::error title=incident-bench::the comparison ended with exit code 2'

say 'no arguments are an error'
gate "$base" ''
ended 2 error

say 'episodes without a score are void'
gate "$base" '--model m --base-url http://127.0.0.1:9/v1 --agent llm --max-retries 0 --quiet'
ended 4 void
says annotations.txt '^::error title=incident-bench void::'

say 'passed'
