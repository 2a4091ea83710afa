#!/usr/bin/env bash
# Generated incidents by the released binary: written, proved, the same in another build, what is tampered with found, played.
# Needs $BENCH; OTHER is a binary of another build, to compare bytes with.
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:?the binary}")
other=$(realpath "${OTHER:-$bench}")
count=${COUNT:-300}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for level in easy medium hard expert; do
    "$bench" generate --level "$level" --count "$count" --seed 1 -o "$dir/$level"
    "$bench" verify "$dir/$level"
    rm -r "$dir/$level"
done

echo '--- two faults at once, and no more time than it takes: proved as well'
for level in easy hard; do
    "$bench" generate --level "$level" --count 100 --seed 1 --knob faults=2 --knob minutes=100 -o "$dir/knobs"
    "$bench" verify "$dir/knobs"
    rm -r "$dir/knobs"
done

echo '--- a family that is not in the program'
"$bench" generate --level easy --count 200 --seed 1 --scenarios examples/families -o "$dir/own"
"$bench" verify "$dir/own" --scenarios examples/families
echo "$(grep -l '"mechanism": "index_rebuild"' "$dir"/own/sealed/*.json | wc -l) of 200 incidents are of it"
"$bench" --suite generated:easy,count=60,seed=1 --scenarios examples/families --agent oracle --fail-under 1 --out "$dir/runs" --format csv > "$dir/own.csv"

echo '--- the same bytes in another build'
"$bench" generate --level hard --count 40 --seed 2 -o "$dir/one"
"$other" generate --level hard --count 40 --seed 2 -o "$dir/two"
diff -r "$dir/one" "$dir/two"

echo '--- what was changed is found'
file=$(find "$dir/one/sealed" -name '*.json' | sort | head -1)
sed -i 's/"severity": "P[1-4]"/"severity": "P0"/' "$file"
if "$bench" verify "$dir/one"; then
    echo 'a changed truth was not found' >&2
    exit 1
fi

echo '--- the oracle earns everything, the responder something, chance nothing'
"$bench" --suite generated:hard,count=60,seed=3 --agent oracle,heuristic,random --out "$dir/runs" --format json > "$dir/summary.json"
python3 - "$dir/summary.json" <<'P'
import json, sys
rows = {row["model"]: row["overall"] for row in json.load(open(sys.argv[1]))["rows"]}
print(rows)
assert rows["oracle"] == 1.0 and 0.2 < rows["heuristic"] < 0.9 and rows["random"] < 0.1, rows
P
"$bench" verify-run latest --out "$dir/runs"
"$bench" explain 3 --level hard --number 1 > "$dir/explained.txt"
grep -q '^Proof$' "$dir/explained.txt"
"$bench" explain 3 --level hard --number 1 --knob faults=2 > "$dir/explained.txt"
grep -q '^  beside it ' "$dir/explained.txt"
