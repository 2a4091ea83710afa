#!/usr/bin/env bash
# Exports runs as ATIF and reads every file with the models and the validator of the Harbor framework from PyPI (60 MB, once),
# in Python 3.11 or newer.
#   BENCH=target/release/bench tests/e2e/atif.sh
# Files go to E2E_CACHE (default: target/e2e). HARBOR_VERSION asks for another version than versions.env.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
check=$e2e/atif_check.py

# The framework asks for Python 3.12 and brings cloud clients along. Its models of the format need pydantic alone, and
# run on 3.11.
environment atif "pydantic==$PYDANTIC_VERSION"
"$venv/bin/pip" install -q --no-deps --ignore-requires-python "harbor==$HARBOR_VERSION"
python=$venv/bin/python
say "$("$python" "$check" version)"
read_latest() { "$python" "$check" read "$(latest)"; }

script_model flaky

say 'built-in agents'
run --epochs 2 --out results --quiet --log-format atif > /dev/null
read_latest
for protocol in text json tools; do
    for assist in fallback repair off; do
        say "a scripted model, protocol $protocol, assist $assist"
        # One call fails, so one episode is void; that is told and no error here.
        run --model "scripted-$protocol-$assist" --base-url "$model_url" --agent llm,oracle --protocol "$protocol" \
            --assist "$assist" --concurrency 1 --max-retries 0 --max-void 1 --record tape --out results --quiet \
            --log-format atif > /dev/null
        read_latest
    done
done

say 'a replayed run, exported behind it'
recorded=(--model scripted-tools-repair --base-url "$model_url" --agent llm --protocol tools --assist repair --max-void 9)
run "${recorded[@]}" --replay tape --out results --quiet > /dev/null
run report latest --out results --log-format atif > /dev/null 2> "$work/report.log" ||
    fail "the export failed: $(cat "$work/report.log")"
read_latest

say 'the validator of the framework, as a command'
files=("$(latest)"/logs/atif/*.json)
"$python" -m harbor.utils.trajectory_validator "${files[0]}" > "$work/validator.log" 2>&1 ||
    fail "the validator refuses ${files[0]}: $(cat "$work/validator.log")"

say 'what is wrong would be seen'
"$python" "$check" spoil "${files[0]}"

say 'passed'
