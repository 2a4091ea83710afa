#!/usr/bin/env bash
# The GitHub Action's shell part against recordings of a scripted model: the same, a worse one, a case that is not
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
        GITHUB_OUTPUT=output.txt GATE_OUT=kept "${@:3}" bash "$root/action/gate.sh") > annotations.txt 2> errors.txt || code=$?
}
# Arguments over several lines, as a workflow file may have them, with an empty one, a quote and a comment.
replay() { printf '%s\n' '' '--model m --base-url http://127.0.0.1:9/v1 --quiet' "--agent 'llm'" "--epochs 4 # as the base" "--replay $1" ''; }
ended() { # code verdict
    [ "$code" = "$1" ] || fail "exit $code, expected $1: $(cat annotations.txt errors.txt)"
    grep -qx "verdict=$2" output.txt || fail "the output is '$(cat output.txt)', expected the verdict $2"
}
says() { # file pattern
    grep -q -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"
}

for mood in fair foul mixed; do record "$mood"; done
base=fair/runs/$(cat fair/latest)

say 'the same again passes'
gate "$base" "$(replay tape-fair)"
ended 0 same
says summary.md '| m | overall |'
! grep -E '^::(error|warning)' annotations.txt || fail "what is the same is annotated"

say 'the run stays, and the output says where'
folder=$(sed -n 's/^run=//p' output.txt)
[ -f "$folder/events.jsonl" ] && [ -f "$folder/report.html" ] || fail "there is no run in '$folder'"
gate "$base" "$(replay tape-fair)" GATE_OUT=$'other\n' GATE_MARGIN=$'0.02\n'
ended 0 same
says output.txt '^run=other/runs/'
gate latest "$(replay tape-fair)"
ended 0 same

say 'a worse one fails, with annotations'
gate "$base" "$(replay tape-foul)"
ended 1 worse_than_margin
says annotations.txt '^::error title=incident-bench worse_than_margin::m overall'
says output.txt '^run=kept/runs/'
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
ended 3 not_decided
says summary.md 'not decided'
gate noisy.json "$(replay tape-mixed)" GATE_UNDECIDED=pass
ended 0 not_decided

say 'a recording that is not there is an error and no verdict'
gate "$base" "$(replay tape-none)"
ended 2 error
says annotations.txt '^::error title=incident-bench::the run ended with exit code 2'

say 'so is a baseline that is not there'
gate nothing "$(replay tape-fair)"
ended 2 error
says annotations.txt "^::error title=incident-bench::the run ended with exit code 2: error: --baseline: no run 'nothing'"
gate --help "$(replay tape-fair)"
ended 2 error
says annotations.txt "'--help' is an option"

say 'what the new run lacks is not agreement'
gate "$base" "$(replay tape-fair) --task root_cause_analysis"
ended 2 error
says annotations.txt 'will not play what the baseline'
gate "$base" "$(replay tape-fair) --task root_cause_analysis" GATE_ALLOW_MISSING=true
ended 3 not_decided

say 'a score below the limit fails, whatever the comparison says'
gate "$base" "$(replay tape-fair) --fail-under 1"
ended 1 error

say 'a quote that is not closed, and the folder in the wrong place, are errors'
gate "$base" "$(replay tape-fair) --agent 'llm"
ended 2 error
says annotations.txt 'a quote is not closed'
gate "$base" "$(replay tape-fair) --out elsewhere"
ended 2 error
says annotations.txt "'--out <DIR>' cannot be used multiple times"
say 'no arguments are an error'
gate "$base" $' \n'
ended 2 error

say 'episodes without a score are void'
gate "$base" '--model m --base-url http://127.0.0.1:9/v1 --agent llm --epochs 4 --max-retries 0 --quiet'
ended 4 void
says annotations.txt '^::error title=incident-bench void::'

say 'passed'
