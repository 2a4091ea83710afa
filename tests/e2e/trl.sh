#!/usr/bin/env bash
# The environments of examples/grpo_trl.py under TRL's own trainer, on a processor, with a model of random weights whose
# words are scripted. Installs trl with torch from PyPI (6 GB, once: PyPI has torch with CUDA only), so it is no stage of .ci/run.
#   BENCH=target/release/bench tests/e2e/trl.sh
# Files go to E2E_CACHE (default: target/e2e).
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

environment trl "trl==$TRL_VERSION" "torch==$TORCH_VERSION" "jinja2==$JINJA2_VERSION" "openenv==$OPENENV_VERSION"
"$venv/bin/pip" install -q --no-deps --force-reinstall clients/python

serve --openenv
say 'six steps of GRPOTrainer'
OUT=$work/grpo "$venv/bin/python" tests/e2e/trl_check.py "$url" 6 > "$work/trl.txt" 2> "$work/trl.err" ||
    fail "$(tail -5 "$work/trl.err")"
grep '^step ' "$work/trl.txt"
# What docs/TRAINING.md shows is what comes out.
grep '^step ' "$work/trl.txt" | documented docs/TRAINING.md
stop_serving
say 'passed'
