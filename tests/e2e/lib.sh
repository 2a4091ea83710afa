# shellcheck shell=bash
# What the scripts of tests/e2e share. It is sourced behind `set -euo pipefail`, and leaves the script in the repository's
# root with these names: root, e2e (this folder), cache (what is installed, E2E_CACHE), work (a folder that is removed at the
# end) and bench (the program, BENCH; it must be there unless builds_bench is set).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
e2e=$root/tests/e2e
cd "$root" || exit
# shellcheck source=tests/e2e/versions.env
source "$e2e/versions.env"

# Debian puts some servers where only root looks.
export PATH=$PATH:/usr/sbin:/sbin
# No Python leaves files beside the sources.
export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
[ -z "$PYPI_UNTIL" ] || export PIP_UPLOADED_PRIOR_TO=$PYPI_UNTIL

say() { printf '  %s\n' "$1"; }
fail() {
    echo "$(basename "$0"): $1" >&2
    exit 1
}

mkdir -p "${E2E_CACHE:=target/e2e}"
cache=$(realpath "$E2E_CACHE")
bench=$(realpath -m "${BENCH:-${CARGO_TARGET_DIR:-target}/release/bench}")
[ -x "$bench" ] || [ -n "${builds_bench:-}" ] || fail "there is no program at $bench: build it with cargo build --release, or name one in BENCH"
work=$(mktemp -d)
clean_up() {
    local child
    for child in $(jobs -p); do
        kill -KILL "$child" 2> /dev/null || true
        wait "$child" 2> /dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT

# ---- what is installed ----

# Makes sure of a Python environment with these packages and no others, and names its folder in `venv`. It is made again
# where other versions are asked for.
environment() { # name requirement…
    local name=$1 wanted
    shift
    venv=$cache/venv/$name
    wanted="$(python3 --version), pip $PIP_VERSION, until ${PYPI_UNTIL:-now}: $*"
    [ ! -f "$venv/.installed" ] || [ "$(cat "$venv/.installed")" != "$wanted" ] || return 0
    say "installing $*"
    rm -rf "$venv"
    python3 -m venv "$venv"
    # Old versions of pip take minutes to choose among many packages, and know no day to stop at.
    "$venv/bin/pip" install -q "pip==$PIP_VERSION"
    "$venv/bin/pip" install -q "$@" || fail "pip could not install $*"
    echo "$wanted" > "$venv/.installed"
}

# Makes sure of a command, from a Debian package where the machine lacks it and lets us install one.
need() { # command package…
    command -v "$1" > /dev/null || install_packages "${@:2}" ||
        fail "there is no $1, and apt-get could not install ${*:2}: $(tail -1 "$work/apt.log")"
}
# Installs Debian packages, as root or by a sudo that asks for no password; a failure is told by its status and in apt.log.
install_packages() { # package…
    local as_root=(env DEBIAN_FRONTEND=noninteractive)
    [ "$(id -u)" = 0 ] || as_root=(sudo -n "${as_root[@]}")
    say "installing $*"
    { "${as_root[@]}" apt-get update -q && "${as_root[@]}" apt-get install -q -y --no-install-recommends "$@"; } > "$work/apt.log" 2>&1
}
# Makes sure of a Chromium, and names it in `chromium`.
need_chromium() {
    for chromium in chromium chromium-browser google-chrome; do
        ! chromium=$(command -v "$chromium") || return 0
    done
    need chromium chromium fonts-dejavu-core
    chromium=$(command -v chromium)
}

# ---- processes ----

# Becomes a command in the work folder, which has no .env and no bench.toml, with no key or setting of whoever runs it.
become() { cd "$work" && exec env -i PATH="$PATH" HOME="$work" TMPDIR="${TMPDIR:-/tmp}" LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 "$@"; }
# The program, so.
run() { (become "$bench" "$@"); }
# The folder of the latest run in `results`.
latest() { echo "$work/results/runs/$(cat "$work/results/latest")"; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Starts a command in the background and names its process in `pid`. What it says goes to a log; at the end of the script
# it is killed.
start() { # log command…
    (become "${@:2}") > "$1" 2>&1 &
    pid=$!
}
# Waits until something answers at an address, as long as the process lives that is to answer.
wait_for() { # url pid log
    for _ in $(seq 600); do
        ! curl -s -o /dev/null -m 5 "$1" || return 0
        kill -0 "$2" 2> /dev/null || fail "the server at $1 ended: $(tail -20 "$3")"
        sleep 0.1
    done
    fail "nothing answers at $1: $(tail -20 "$3")"
}

# Starts `bench serve` with these options, in the place of the one before, and names its address in `url`.
server=
serve() {
    stop_serving
    local port
    port=$(free_port)
    url=http://127.0.0.1:$port
    start "$work/serve.log" "$bench" serve --port "$port" "$@"
    server=$pid
    wait_for "$url/health" "$server" "$work/serve.log"
}
# Stops it, as it is stopped in service: it must end by itself, and well.
stop_serving() {
    [ -n "$server" ] || return 0
    kill "$server" || fail "the server had ended: $(tail -20 "$work/serve.log")"
    wait "$server" || fail "the server ended with $?: $(tail -20 "$work/serve.log")"
    server=
}

# Starts the scripted model in a mood, in the place of the one before, and names its address in `model_url`.
model=
script_model() { # mood
    stop_model
    local port
    port=$(free_port)
    model_url=http://127.0.0.1:$port/v1
    start "$work/model.log" python3 "$e2e/scripted_model.py" "$1" --port "$port"
    model=$pid
    wait_for "$model_url/models" "$model" "$work/model.log"
}
stop_model() {
    [ -n "$model" ] || return 0
    kill "$model" || fail "the scripted model had ended: $(tail -20 "$work/model.log")"
    wait "$model" || true
    model=
}

# ---- checks ----

# Every line of the input is a line of a document, word for word, and there is at least one.
documented() { # document
    local line lines=0
    while IFS= read -r line; do
        grep -qF -- "$line" "$root/$1" || fail "$1 lacks: $line"
        lines=$((lines + 1))
    done
    [ "$lines" -gt 0 ] || fail "there is nothing to look for in $1"
}
