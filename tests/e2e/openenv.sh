#!/usr/bin/env bash
# The server for hosts of OpenEnv, held against both lines of its Python package from PyPI (500 MB each, once): the
# validator, the clients, the package's own graders, and our typed client.
#   BENCH=target/release/bench tests/e2e/openenv.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=$(realpath "${BENCH:-target/release/bench}")
check=$PWD/tests/e2e/openenv_check.py
mkdir -p "${E2E_CACHE:=target/e2e}/openenv"
cache=$(realpath "$E2E_CACHE")/openenv
new=openenv-0.10.0
packages=("$new" openenv-core-0.3.0)

say() { printf '  %s\n' "$1"; }
fail() { echo "openenv.sh: $1" >&2; exit 1; }

for package in "${packages[@]}"; do
    if [ ! -f "$cache/$package/.ok" ]; then
        say "installing $package"
        rm -rf "${cache:?}/$package"
        python3 -m venv "$cache/$package"
        # Old versions of pip take minutes to choose among the many packages that these need.
        "$cache/$package/bin/pip" install -q --disable-pip-version-check --upgrade pip
        "$cache/$package/bin/pip" install -q "${package%-*}==${package##*-}" pytest
        touch "$cache/$package/.ok"
    fi
done

out=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$out"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
"$bench" serve --openenv --port "$port" 2> "$out/serve.log" &
pid=$!
for _ in $(seq 1 100); do
    curl -s -o /dev/null -m 5 "$url/health" && break
    kill -0 "$pid" 2> /dev/null || fail "the server ended: $(cat "$out/serve.log")"
    sleep 0.1
done

"$bench" --agent oracle --out "$out/results" --quiet > /dev/null
oracle=$out/results/runs/$(cat "$out/results/latest")

for package in "${packages[@]}"; do
    bin=$cache/$package/bin
    say "$package: openenv validate --url"
    "$bin/openenv" validate --url "$url" --json > "$out/report.json" || true
    "$bin/python" "$check" validated "$out/report.json" "$url"
    say "$package: GenericEnvClient plays as the oracle did"
    "$bin/python" "$check" play "$url" "$oracle"
    say "$package: clients/python"
    "$bin/pip" install -q --disable-pip-version-check --no-deps --force-reinstall clients/python
    INCIDENT_BENCH_URL=$url "$bin/python" -m pytest -q -p no:cacheprovider clients/python/tests
done

# The validator refuses links and reads every file, so it gets the files of the repository alone.
mkdir "$out/package"
git ls-files -co --exclude-standard -z | tar -c --null -T - --ignore-failed-read | tar -x -C "$out/package"
say 'openenv validate --level static'
"$cache/$new/bin/openenv" validate --level static "$out/package" | sed 's/^/  /'
say 'the graders of the second level, but for those that need Docker'
"$cache/$new/bin/python" "$check" level2 "$out/package" "$url"

say 'a thousand sessions at once'
"$cache/$new/bin/python" tests/perf/sessions.py "$bench" 1000 | sed 's/^/  /'
"$cache/$new/bin/python" tests/perf/soak.py "$bench" --test | sed 's/^/  /'

say 'stops when asked to'
kill "$pid"
wait "$pid" || fail "it ended with $?"
pid=
say 'passed'
