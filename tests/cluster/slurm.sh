#!/bin/sh
# slurm.sh LARGEK - the scripts for Slurm, with stand-ins for Slurm's own programs: shards that
# merge, a task that runs out of time and is put back into the queue.
set -eu

scripts=$(cd "$(dirname "$0")/../../scripts/slurm" && pwd)
largek=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
export LARGEK="$largek" LARGEK_PLUGIN_DIR=/nowhere
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
    echo "slurm.sh: $*" >&2
    exit 1
}
mkdir bin
PATH=$folder/bin:$PATH
cat >bin/srun <<'STUB'
#!/bin/sh
while [ "${1#--}" != "$1" ]; do shift; done
exec "$@"
STUB
cat >bin/scontrol <<'STUB'
#!/bin/sh
echo "$@" >>requeued
STUB
cat >bin/squeue <<'STUB'
#!/bin/sh
date -d "+${LEFT:-3600} seconds" +%Y-%m-%dT%H:%M:%S
STUB
chmod +x bin/*
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
run() { # run SCRIPT [options]
    script=$1
    shift
    "$scripts/$script" -m m.safetensors -d images.idx -t 0.05,0.1 -q "$@" >/dev/null
}

export SLURM_JOB_ID=71 SLURM_ARRAY_JOB_ID=70 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=2
export SLURM_ARRAY_TASK_COUNT=3
for task in 2 0 1; do
    SLURM_ARRAY_TASK_ID=$task run array.sh -n 5000 -o run.safetensors
done
"$largek" merge run.shard-*-of-3.safetensors -o run.safetensors -q >/dev/null
"$largek" sample -m m.safetensors -d images.idx -t 0.05,0.1 -n 5000 -o alone.safetensors -q \
    --format csv >want
"$largek" sample -m m.safetensors -d images.idx -t 0.05,0.1 -n 5000 -o run.safetensors -q \
    --format csv >got
cmp want got || fail "shards do not merge into the run"
[ ! -e requeued ] || fail "a task that ended well was put back"

code=0
LEFT=181 SLURM_ARRAY_TASK_ID=1 run array.sh -n 1e12 -o run.safetensors 2>/dev/null || code=$?
[ $code = 75 ] || fail "array.sh: status $code instead of 75"
code=0
LEFT=181 run mpi.sh -n 1e12 -o mpi.safetensors 2>/dev/null || code=$?
[ $code = 75 ] || fail "mpi.sh: status $code instead of 75"
printf 'requeue 70_1\nrequeue 71\n' | cmp - requeued || fail "not put back into the queue"
code=0
run mpi.sh -n 10 -o no/such/folder.safetensors 2>/dev/null || code=$?
[ $code = 4 ] || fail "mpi.sh: status $code instead of 4"
[ "$(wc -l <requeued)" = 2 ] || fail "a task that failed was put back"
