#!/usr/bin/env bash
# The shell part of the GitHub Action: play, compare, write the step summary and the annotations.
#   BENCH           the program
#   GATE_RUN        arguments of `bench run`, on one line or several
#   GATE_BASELINE   a run folder or a summary.json
#   GATE_MARGIN     the drop that is tolerated (0.02)
#   GATE_UNDECIDED  fail or pass (fail)
# GitHub gives GITHUB_STEP_SUMMARY and GITHUB_OUTPUT; elsewhere the summary goes to stdout.
# Exit codes are those of bench: 0 pass, 1 regressed, 3 undecided, 4 void, others as they come.
set -uo pipefail

summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}
output=${GITHUB_OUTPUT:-/dev/null}
results=$(mktemp -d) || exit 70
trap 'rm -rf "$results"' EXIT

ends() { # verdict code
    echo "verdict=$1" >> "$output"
    exit "$2"
}
breaks() { # code message
    echo "::error title=incident-bench::$2"
    ends error "$1"
}

# GitHub itself does not insist on what action.yml calls required.
[ -n "${BENCH:-}" ] || breaks 2 'there is no program: the input bench is empty and none was built'
[ -n "${GATE_RUN:-}" ] || breaks 2 'the input run is empty: it holds the arguments of bench run'
[ -n "${GATE_BASELINE:-}" ] || breaks 2 'the input baseline is empty: it names a run folder or a summary.json'

# The arguments are words of a workflow file, as on a command line; none of them is a key. At the end of the text, which
# is where it should stop, `read` fails.
read -r -d '' -a arguments <<< "$GATE_RUN" || true
"$BENCH" run "${arguments[@]}" --out "$results" --format markdown > "$results/SCORES.md"
code=$?
cat "$results/SCORES.md" >> "$summary"
case $code in
    0) ;;
    4)
        echo "::error title=incident-bench void::episodes have no score because the infrastructure failed"
        ends void 4
        ;;
    *) breaks "$code" "the run ended with exit code $code" ;;
esac

"$BENCH" compare "$GATE_BASELINE" latest --out "$results" --margin "${GATE_MARGIN:-0.02}" --format github > "$results/gate.txt"
code=$?
# Annotations go where GitHub reads them, the rest into the summary; there may be none of either.
grep '^::' "$results/gate.txt"
grep -v '^::' "$results/gate.txt" >> "$summary"
case $code in
    0) ends pass 0 ;;
    1) ends regressed 1 ;;
    3)
        [ "${GATE_UNDECIDED:-fail}" = pass ] && ends inconclusive 0
        ends inconclusive 3
        ;;
    *) breaks "$code" "the comparison ended with exit code $code" ;;
esac
