#!/usr/bin/env bash
# Workers on as many nodes as the array has, for runs whose coordinator is elsewhere, such as on the login node:
#   export BENCH_QUEUE=nats://bench:PASSWORD@login:4222
#   bench run --model gpt-oss-120b --epochs 8 &
#   sbatch --export=ALL deploy/slurm/workers.sh
#SBATCH --job-name=bench-worker
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --signal=TERM@120
set -euo pipefail
exec bench worker --episodes 32 --idle 300
