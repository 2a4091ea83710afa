#!/usr/bin/env bash
# A run in shares, one a task of a Slurm array, without a queue:
#   sbatch deploy/slurm/shards.sh --model gpt-oss-120b --epochs 8
#   bench merge results/share-*/runs/*      once all are through
#SBATCH --job-name=bench
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --requeue
set -euo pipefail
share=$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT
# A folder a task: one that was requeued finds its own run there, and goes on with it.
exec bench run "$@" --shard "$share" --out "results/share-$SLURM_ARRAY_TASK_ID" --or-resume --progress lines
