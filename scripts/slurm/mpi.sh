#!/usr/bin/env bash
# mpi.sh - one run on several tasks and nodes, through MPI: one result, no merging.
#
#     sbatch --nodes=4 --ntasks-per-node=8 --gpus-per-node=8 scripts/slurm/mpi.sh \
#         -m vae.safetensors -d targets.npy --draws 1e9 -o run.safetensors
#
# A task a GPU, or one for some cores of a node; the first task reads, writes and prints.  A
# run that runs out of time stops with a checkpoint (exit 75) and is put back into the queue;
# it goes on with any number of tasks.  Where a task dies, srun ends the others: the first
# writes a checkpoint, and the same job can be sent again.
#
# srun must speak PMIx (`srun --mpi=list`), and largek-mpi.so be built.  With mpirun instead:
# LARGEK_LAUNCH='mpirun --mca odls_base_sigkill_timeout 30', for mpirun kills one second after
# it has asked to stop, and a checkpoint may take longer.
#
# Options on sbatch's command line go before those below.
#SBATCH --job-name=largek
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=2
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=largek-%j.log
# A checkpoint a minute before the limit, for the case that all else fails:
#SBATCH --signal=USR1@60
set -u

# Stops this long before Slurm would: the last batch, the last checkpoint, the file system.
margin=${LARGEK_MARGIN:-180}
end=${SLURM_JOB_END_TIME:-$(date -d "$(squeue -h -j "$SLURM_JOB_ID" -o %e)" +%s)}
left=$((end - $(date +%s) - margin))
[ "$left" -ge 1 ] || left=1

# shellcheck disable=SC2086 # several words
${LARGEK_LAUNCH:-srun --mpi=pmix --kill-on-bad-exit=1} "${LARGEK:-largek}" sample \
    --max-time "${left}s" "$@"
code=$?
if [ $code -eq 75 ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
