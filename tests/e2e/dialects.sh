#!/usr/bin/env bash
# Real programs read what the simulated telemetry prints: lnav, pgBadger and pt-query-digest the logs, promtool and the parser
# of Prometheus' client the series, the schema of Kubernetes its objects, that of OpenTelemetry the traces. dialects_check.py
# says how, and prints who reads which share of what.
#   BENCH=target/release/bench tests/e2e/dialects.sh [INCIDENTS A LEVEL [default: 50]]
# SEED [default: 7] asks for other incidents. Installs Debian's lnav, pgbadger, percona-toolkit and prometheus (for promtool)
# where they are missing, and three Python packages. LNAV_FORMATS names a folder with more formats for lnav, such as those of a
# newer one.
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
count=${1:-50}
[ -z "${LNAV_FORMATS:-}" ] || LNAV_FORMATS=$(realpath "$LNAV_FORMATS")
seed=${SEED:-7}

need lnav lnav
need pgbadger pgbadger
need pt-query-digest percona-toolkit
need promtool prometheus
environment dialects "kubernetes-validate==$KUBERNETES_VALIDATE_VERSION" "prometheus-client==$PROMETHEUS_CLIENT_VERSION" \
    "opentelemetry-proto==$OPENTELEMETRY_PROTO_VERSION"

# What a client of the server is shown, in one incident of each level.
for level in easy medium hard expert; do
    serve --quiet --suite "generated:$level,count=1,seed=$seed"
    python3 "$e2e/dialects_check.py" play "$url" > "$work/rest-$level.json"
done
stop_serving
# All that can be looked at when the alert comes, in many more.
(cd "$work" && "$venv/bin/python" "$e2e/dialects_check.py" check "$bench" rest-*.json --count "$count" --seed "$seed")
