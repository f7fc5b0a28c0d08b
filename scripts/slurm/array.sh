#!/usr/bin/env bash
# array.sh - a run as a Slurm array: each task is one shard, and none waits for another.
#
#     sbatch --array=0-124 --gpus=8 scripts/slurm/array.sh \
#         -m vae.safetensors -d targets.npy --draws 1e9 -o run.safetensors --device cuda:all
#
# The words behind the script's name are those of `largek sample`; --shard and --max-time are
# added here.  When all tasks are done:
#
#     largek merge run.shard-*-of-125.safetensors -o run.safetensors
#
# A task that runs out of time stops with a checkpoint (exit 75) and is put back into the
# queue; it goes on with its own file.  The number of shards must stay as it is: the same
# --array when the job is sent again, with --draws raised for instance.
#
# Options on sbatch's command line go before those below.
#SBATCH --job-name=largek
#SBATCH --array=0-15
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=largek-%A-%a.log
# A checkpoint a minute before the limit, for the case that all else fails:
#SBATCH --signal=USR1@60
set -u

# Stops this long before Slurm would: the last batch, the last checkpoint, the file system.
margin=${LARGEK_MARGIN:-180}
end=${SLURM_JOB_END_TIME:-$(date -d "$(squeue -h -j "$SLURM_JOB_ID" -o %e)" +%s)}
left=$((end - $(date +%s) - margin))
[ "$left" -ge 1 ] || left=1

srun --ntasks=1 "${LARGEK:-largek}" sample --shard auto --max-time "${left}s" "$@"
code=$?
if [ $code -eq 75 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
fi
exit $code
