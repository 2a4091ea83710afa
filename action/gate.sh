#!/usr/bin/env bash
# The shell part of the GitHub Action: play, compare, write the step summary and the annotations.
#   BENCH           the program
#   GATE_RUN        arguments of `bench run`
#   GATE_BASELINE   a run folder or a summary.json
#   GATE_MARGIN     the drop that is tolerated (0.02)
#   GATE_UNDECIDED  fail or pass (fail)
# GitHub gives GITHUB_STEP_SUMMARY and GITHUB_OUTPUT; elsewhere the summary goes to stdout.
# Exit codes are those of bench: 0 pass, 1 regressed, 3 undecided, 4 void, others as they come.
set -uo pipefail

summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}
output=${GITHUB_OUTPUT:-/dev/null}
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

ends() { # verdict, code
    echo "verdict=$1" >> "$output"
    exit "$2"
}

# The arguments are words of a workflow file, as on a command line; none of them is a key.
read -r -a arguments <<< "$GATE_RUN"
"$BENCH" run "${arguments[@]}" --out "$results" --format markdown > "$results/SCORES.md"
code=$?
cat "$results/SCORES.md" >> "$summary"
case $code in
    0) ;;
    4) echo "::error title=incident-bench void::episodes have no score because the infrastructure failed"; ends void 4 ;;
    *) echo "::error title=incident-bench::the run ended with exit code $code"; ends error "$code" ;;
esac

"$BENCH" compare "$GATE_BASELINE" latest --out "$results" --margin "${GATE_MARGIN:-0.02}" --format github > "$results/gate.txt"
code=$?
grep '^::' "$results/gate.txt"
grep -v '^::' "$results/gate.txt" >> "$summary"
case $code in
    0) ends pass 0 ;;
    1) ends regressed 1 ;;
    3)
        [ "${GATE_UNDECIDED:-fail}" = pass ] && ends inconclusive 0
        ends inconclusive 3
        ;;
    *) echo "::error title=incident-bench::the comparison ended with exit code $code"; ends error "$code" ;;
esac
