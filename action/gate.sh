#!/usr/bin/env bash
# The shell part of the GitHub Action: play, compare, write the step summary and the annotations.
#   BENCH               the program
#   GATE_RUN            arguments of `bench run`, on one line or several, with quotes as in a shell
#   GATE_BASELINE       a run folder or a summary.json
#   GATE_MARGIN         the drop that is tolerated (0.02)
#   GATE_UNDECIDED      fail or pass (fail)
#   GATE_ALLOW_MISSING  true compares what both have where the new run lacks something (false)
#   GATE_OUT            the results folder, which stays (incident-bench-results)
# GitHub gives GITHUB_STEP_SUMMARY and GITHUB_OUTPUT; elsewhere the summary goes to stdout.
# Exit codes are those of bench: 0 better or same, 1 worse, 3 not decided, 4 void, others as they come.
set -uo pipefail

summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}
output=${GITHUB_OUTPUT:-/dev/null}

# A value of a workflow file may bring blanks and line ends at both of its sides.
trim() {
    local text=${1#"${1%%[![:space:]]*}"}
    printf '%s' "${text%"${text##*[![:space:]]}"}"
}
# A text as the data of a workflow command, which ends with its line.
data() {
    local text=${1//'%'/%25}
    text=${text//$'\r'/%0D}
    printf '%s' "${text//$'\n'/%0A}"
}
ends() { # verdict code
    echo "verdict=$1" >> "$output"
    exit "$2"
}
breaks() { # code message
    echo "::error title=incident-bench::$(data "$2")"
    ends error "$1"
}
reason() { # what bench said last of an error
    grep -E '^(error|hint|void|gate failed|budget spent)' "$kept/stderr.txt" | tail -n 2 | tr '\n' ' '
}

# GitHub itself does not insist on what action.yml calls required.
[ -n "${BENCH:-}" ] || breaks 2 'there is no program: the input bench is empty and none was built'
[ -n "$(trim "${GATE_RUN:-}")" ] || breaks 2 'the input run is empty: it holds the arguments of bench run'
baseline=$(trim "${GATE_BASELINE:-}")
[ -n "$baseline" ] || breaks 2 'the input baseline is empty: it names a run folder or a summary.json'
results=$(trim "${GATE_OUT:-incident-bench-results}")
case $results in
    '' | -*) breaks 2 "the input out is no folder: '$results'" ;;
esac
rules=(--margin "$(trim "${GATE_MARGIN:-0.02}")")
case $(trim "${GATE_ALLOW_MISSING:-false}") in
    true) rules+=(--allow-missing) ;;
    false) ;;
    *) breaks 2 "the input allow-missing is neither true nor false: '${GATE_ALLOW_MISSING:-}'" ;;
esac

# What bench prints of names and replies is no command for the runner.
kept=$(mktemp -d) || exit 70
trap 'rm -rf "$kept"' EXIT
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
newest() { cat "$results/latest" 2> /dev/null; }

before=$(newest)
# At the end, the newest run is the new one.
[ "$baseline" != latest ] || baseline=$before
[ -n "$baseline" ] || breaks 2 "the input baseline is latest, and $results has no run"
echo "::stop-commands::$token"
# bench itself reads the text, and looks at the baseline before anything is paid for.
"$BENCH" run --out "$results" --format markdown "--baseline=$baseline" "${rules[@]}" "--arguments=$GATE_RUN" \
    > "$kept/SCORES.md" 2> >(tee "$kept/stderr.txt" >&2)
code=$?
wait
echo "::$token::"
cat "$kept/SCORES.md" >> "$summary"

# A run is kept, for an artifact and for `bench resume`, however it ended.
run=$(newest)
case $code in
    0 | 1 | 3 | 4 | 5 | 130) ;;
    *) [ "$run" != "$before" ] || run= ;;
esac
[ -z "$run" ] || run=$results/runs/$run
[ -z "$run" ] || echo "run=$run" >> "$output"

case $code in
    0 | 1 | 3) [ -n "$run" ] || breaks 2 "the run ended with exit code $code and is not in $results" ;;
    4)
        echo "::error title=incident-bench void::episodes have no score because the infrastructure failed"
        ends void 4
        ;;
    *) breaks "$code" "the run ended with exit code $code: $(reason)" ;;
esac

"$BENCH" compare --out "$results" "${rules[@]}" --format github -- "$baseline" "$run" > "$kept/gate.txt" 2> "$kept/stderr.txt"
compared=$?
# Annotations go where GitHub reads them, the rest into the summary; there may be none of either.
grep '^::' "$kept/gate.txt"
grep -v '^::' "$kept/gate.txt" >> "$summary"
verdict=$(sed -n 's/^Verdict: \([a-z_]*\)\..*/\1/p' "$kept/gate.txt" | head -n 1)
case $compared in
    0)
        # A score below --fail-under fails the run whatever the comparison says.
        [ "$code" = 0 ] || breaks "$code" "the run ended with exit code $code: $(reason)"
        ends "$verdict" 0
        ;;
    1)
        # With --until-decided the run may spend less error than a comparison at its end.
        [ "$code" = 1 ] || { verdict=not_decided && compared=3; }
        [ "$compared" = 1 ] && ends "$verdict" 1
        [ "${GATE_UNDECIDED:-fail}" = pass ] && ends "$verdict" 0
        ends "$verdict" 3
        ;;
    3)
        [ "$code" != 1 ] || breaks 1 'the run ended with exit code 1'
        [ "${GATE_UNDECIDED:-fail}" = pass ] && ends "$verdict" 0
        ends "$verdict" 3
        ;;
    *) breaks "$compared" "the comparison ended with exit code $compared: $(reason)" ;;
esac
