#!/usr/bin/env bash
# What the Dockerfile puts into its image, without Docker: the static binary alone in an empty root, as a user who may write
# nowhere. It builds for musl, which takes as long as a release build. Needs rustup, root for chroot, curl and Python 3.
#   tests/e2e/container.sh
set -euo pipefail
export builds_bench=yes
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || fail 'chroot needs root'

target=$(uname -m)-unknown-linux-musl
rustup target list --installed | grep -qx "$target" || rustup -q target add "$target"
need musl-gcc musl-tools
cargo build --quiet --locked --profile dist --bin bench --target "$target"
bench=${CARGO_TARGET_DIR:-target}/$target/dist/bench
say "$(stat -c %s "$bench") bytes"
readelf --wide --program-headers "$bench" > "$work/headers"
! grep -q INTERP "$work/headers" || fail 'the binary asks for a loader: it is not static'

# As the Dockerfile says it.
user=$(sed -n 's/^USER //p' Dockerfile)
port=$(sed -n 's/^EXPOSE //p' Dockerfile)
mapfile -t words < <(sed -n 's/^CMD //p' Dockerfile | python3 -c 'import json, sys; print(*json.load(sys.stdin), sep="\n")')
[ -n "$user" ] && [ -n "$port" ] && [ "${words[0]}" = serve ] || fail 'the Dockerfile cannot be read'

image=$work/image
log=$work/image.log
# The user of the image must get in.
chmod 755 "$work"
install -D "$bench" "$image/bench"
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/ca-certificates.crt"
chmod 755 "$image"
inside() { (become chroot --userspec="$user" "$image" /bench "$@"); }

say 'the built-in agents, where nothing can be written'
code=0
inside --agent oracle --quiet 2> "$log" || code=$?
[ "$code" = 70 ] && grep -q 'hint' "$log" || fail "it ended with $code: $(cat "$log")"
[ "$(find "$image" -type f | wc -l)" = 2 ] || fail 'something was written into the root'

say "bench ${words[*]}"
# The words of the image, but for the port, which may be taken here.
(become chroot --userspec="$user" "$image" /bench "${words[@]}" --port 0) 2> "$log" &
pid=$!
for _ in $(seq 100); do
    url=$(sed -n 's|.*\(http://[0-9.]*:[0-9]*\).*|\1|p' "$log" | sed -n '1s/0\.0\.0\.0/127.0.0.1/p')
    [ -z "$url" ] || break
    kill -0 "$pid" 2> /dev/null || fail "the server ended: $(cat "$log")"
    sleep 0.1
done
[ -n "$url" ] || fail "no address: $(cat "$log")"
inside serve --help > "$work/help"
grep -q "$port" "$work/help" || fail "the image opens port $port, and bench serve names another"
curl -sS -m 5 "$url/health" | grep -q '"status":"healthy"' || fail "$(curl -sS -m 5 "$url/health")"
python3 - "$url" <<'P'
import json, sys, urllib.error, urllib.request

def ask(path, body):
    headers = {"content-type": "application/json", "x-episode-id": "one"}
    with urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)

ask("/reset", {"scenario_id": "AC-003"})
ask("/step", {"action": {"action_type": "query_logs", "parameters": {"service": "recommendation-service"}}})
last = ask("/step", {"action": {"action_type": "submit_severity", "parameters": {"severity": "P3"}}})
assert last["done"] and last["reward"] == 1.02, last
try:
    ask("/baseline", {})
    sys.exit("a run was begun without a token")
except urllib.error.HTTPError as refused:
    assert refused.code == 401, refused
P
kill "$pid"
wait "$pid" || fail "the server ended with $?"
pid=
say 'it answered, refused and stopped as anywhere'
