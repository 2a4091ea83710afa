#!/usr/bin/env bash
# Generated incidents by the released binary: written, proved, the same in another build, what is tampered with found, played.
#   BENCH=target/release/bench OTHER=target/debug/bench tests/e2e/generated.sh
# OTHER is a binary of another build, whose bytes are compared; without it the second half of that check is made by the same
# program again. COUNT [default: 300] is the number of incidents a level. Needs Python 3.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
other=$(realpath "${OTHER:-$bench}")
count=${COUNT:-300}
cd "$work"

# Writes a suite and proves every incident of it: that it can be told apart and repaired.
proved() { # folder count option…
    "$bench" generate --count "$2" --seed 1 -o "$1" "${@:3}"
    "$bench" verify "$1" | tee verified.txt
    grep -q "^$2 incidents of .*: solvable, unique, " verified.txt || fail "not $2 incidents are proved"
}

for level in easy medium hard expert; do
    say "$count incidents, $level"
    proved "$level" "$count" --level "$level"
    rm -r "$level"
done

say 'two faults at once, and no more time than it takes: proved as well'
for level in easy hard; do
    proved knobs 100 --level "$level" --knob second=100 --knob minutes=100
    rm -r knobs
done

say 'a family that is not in the program'
families=$root/examples/families
"$bench" generate --level easy --count 200 --seed 1 --scenarios "$families" -o own
"$bench" verify own --scenarios "$families"
mapfile -t own < <(grep -l '"mechanism": "index_rebuild"' own/sealed/*.json | xargs -r -n 1 basename | sed 's/\.json$//')
[ ${#own[@]} -gt 0 ] || fail 'none of 200 incidents is of the family'
say "${#own[@]} of 200 incidents are of it; the oracle solves them"
run --suite generated:easy,count=200,seed=1 --scenarios "$families" --agent oracle --fail-under 1 --out runs --format csv --quiet > own.csv
for incident in "${own[@]}"; do
    grep -q "^oracle,.*,scenario,[a-z_]*,$incident,1," own.csv || fail "the oracle does not solve $incident"
done

say 'the same bytes in another build'
"$bench" generate --level hard --count 40 --seed 2 -o one
"$other" generate --level hard --count 40 --seed 2 -o two
diff -r one two

say 'what was changed is found'
file=$(find one/sealed -name '*.json' | sort | sed -n 1p)
grep -q '"severity": "P[1-4]"' "$file" || fail "$file has no severity to change"
sed -i 's/"severity": "P[1-4]"/"severity": "P0"/' "$file"
code=0
"$bench" verify one > verified.txt 2> refused.txt || code=$?
[ "$code" -ne 0 ] || fail 'a changed truth was not found'
grep -q "$(basename "$file" .json)" verified.txt refused.txt || fail "verify ended with $code and does not name $file: $(cat refused.txt)"

say 'the oracle earns everything, the responder something, chance nothing'
run --suite generated:hard,count=60,seed=3 --agent oracle,heuristic,random --out results --format json --quiet > summary.json
python3 - summary.json <<'PY'
import json, sys
rows = {row["model"]: row["overall"] for row in json.load(open(sys.argv[1]))["rows"]}
print(" ", rows)
assert rows["oracle"] == 1.0 and 0.2 < rows["heuristic"] < 0.9 and rows["random"] < 0.1, rows
PY
run verify-run latest --out results

say 'an incident explained'
"$bench" explain 3 --level hard --number 1 > explained.txt
grep -q '^Proof$' explained.txt || fail 'explain shows no proof'
"$bench" explain 3 --level hard --number 1 --knob second=100 > explained.txt
grep -q '^  beside it ' explained.txt || fail 'explain does not show the second fault'

say 'passed'
