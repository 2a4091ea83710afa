#!/usr/bin/env bash
# How much of the truth of generated incidents the released binary tells before anything is looked at, and whether they are
# balanced; tells.py says how, and takes the options. Needs a processor only; 2,000 incidents a level take some minutes.
#   BENCH=target/release/bench tests/e2e/tells.sh [--count 2000] [--seed 1] [--gate] [--one-column NAME]
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"

environment tells "scikit-learn==$SCIKIT_LEARN_VERSION" "numpy==$NUMPY_VERSION"

# One thread: the models are small, and other work goes on beside. What is written goes to the work folder.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TMPDIR=$work
"$venv/bin/python" "$e2e/tells.py" --bench "$bench" "$@"
