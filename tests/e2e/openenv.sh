#!/usr/bin/env bash
# The server for hosts of OpenEnv, held against both lines of its Python package from PyPI (500 MB each, once): the
# validator, the clients, the package's own graders, and our typed client; then a thousand sessions at once, and a short soak.
#   BENCH=target/release/bench tests/e2e/openenv.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
check=$e2e/openenv_check.py

environment openenv-core "openenv-core==$OPENENV_CORE_VERSION" "pytest==$PYTEST_VERSION"
old=$venv/bin
environment openenv "openenv==$OPENENV_VERSION" "pytest==$PYTEST_VERSION"
new=$venv/bin

serve --openenv
run --agent oracle --out results --quiet > /dev/null

for bin in "$new" "$old"; do
    package=$(basename "$(dirname "$bin")")
    say "$package: openenv validate --url"
    # What it found is judged from its report; its exit code is not the same in both lines.
    "$bin/openenv" validate --url "$url" --json > "$work/report.json" 2> "$work/validate.log" || true
    [ -s "$work/report.json" ] || fail "openenv validate wrote no report: $(tail -5 "$work/validate.log")"
    "$bin/python" "$check" validated "$work/report.json"
    say "$package: GenericEnvClient plays as the oracle did"
    "$bin/python" "$check" play "$url" "$(latest)"
    say "$package: clients/python"
    "$bin/pip" install -q --no-deps --force-reinstall clients/python
    INCIDENT_BENCH_URL=$url "$bin/python" -m pytest -q -p no:cacheprovider clients/python/tests
done

# The validator refuses links and reads every file, so it gets the files of the repository alone.
mkdir "$work/package"
git ls-files -co --exclude-standard -z | tar -c --null -T - --ignore-failed-read | tar -x -C "$work/package"
say 'openenv validate --level static'
"$new/openenv" validate --level static "$work/package" | sed 's/^/  /'
say 'the graders of the second level, but for those that need Docker'
"$new/python" "$check" level2 "$work/package" "$url"

say 'a thousand sessions at once'
"$new/python" tests/perf/sessions.py "$bench" 1000 | sed 's/^/  /'
say 'ten seconds of everything'
"$new/python" tests/perf/soak.py "$bench" --test | sed 's/^/  /'

say 'stops when asked to'
stop_serving
say 'passed'
