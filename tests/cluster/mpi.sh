#!/bin/sh
# mpi.sh LARGEK - runs of `largek sample` on several processes: the same counts on any number
# of them, with one killed and with another number going on; failures told once.
#
# Exit 77 where there is no mpirun, or the plugin was not built.
set -eu

largek=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
if ! command -v mpirun >/dev/null || [ ! -e "$(dirname "$largek")/largek-mpi.so" ]; then
    echo "mpi.sh: skipped: no mpirun, or largek was built without MPI" >&2
    exit 77
fi
unset LARGEK_PLUGIN_DIR
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_plm_rsh_agent=false # only this host; none need be there
folder=$(mktemp -d)
job=
trap '[ -z "$job" ] || kill -9 "$job" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"

fail() {
    echo "mpi.sh: $*" >&2
    cat said >&2 || true
    exit 1
}
ranks() { # ranks N [options]: a run on N processes, all it says in `said`
    n=$1
    shift
    mpirun -n "$n" --oversubscribe --bind-to none "$largek" sample -m m.safetensors \
        -d images.idx -t 0.02,0.05,0.1 "$@" >said 2>&1
}
status() { # status WANTED COMMAND...
    wanted=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$wanted" ] || fail "status $got instead of $wanted: $*"
}
tensors() { tail -c +$((9 + $(od -An -tu8 -N8 "$1"))) "$1"; } # without the header, which
same() {                                                      # has times and devices in it
    tensors "$1" >one
    tensors "$2" >two
    cmp one two || fail "$1 and $2 differ"
}
said() { grep -q -- "$1" said || fail "nobody said: $1"; }

{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null

echo "any number of ranks"
"$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -n 60000 \
    -o alone.safetensors -q >/dev/null
for n in 1 2 3; do
    status 0 ranks $n -n 60000 -o r$n.safetensors
    same alone.safetensors r$n.safetensors
done
said 'device: 3 ranks x '
[ "$(grep -c 'attempts in all' said)" = 1 ] || fail "not said once"

echo "stopped by time on three ranks, gone on with on two and alone"
status 75 ranks 3 -n 60000000 -o t.safetensors --max-time 1s
status 75 ranks 2 -n 60000000 -o t.safetensors --max-time 1s
draws=$("$largek" info result t.safetensors | awk '/^attempts_most/ { print $2 }')
status 0 ranks 2 -n "$draws" -o t.safetensors -q
"$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -n "$draws" \
    -o u.safetensors -q >/dev/null
same t.safetensors u.safetensors

echo "a rank is killed: the job ends, and what was done is there"
ranks 3 -n 1e12 -o k.safetensors -q --checkpoint-every 1s &
job=$!
for _ in $(seq 100); do
    [ -e k.safetensors ] && break
    sleep 0.2
done
victim=
for pid in $(pgrep -f "sample .*k.safetensors"); do
    if tr '\0' '\n' </proc/"$pid"/environ | grep -q '^OMPI_COMM_WORLD_RANK=1$' &&
        [ "$(readlink /proc/"$pid"/cwd)" = "$folder" ]; then
        victim=$pid
    fi
done
kill -9 "$victim"
start=$(date +%s)
! wait "$job" || fail "a job with a dead rank ended well"
job=
[ $(($(date +%s) - start)) -lt 20 ] || fail "the job lived on for long"
draws=$("$largek" info result k.safetensors | awk '/^attempts_most/ { print $2 }')
[ "$draws" -gt 0 ] || fail "nothing was saved"
status 0 ranks 2 -n "$draws" -o k.safetensors -q
"$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -n "$draws" \
    -o l.safetensors -q >/dev/null
same k.safetensors l.safetensors

echo "failures"
status 6 env LARGEK_PLUGIN_DIR=/nowhere mpirun -n 2 --oversubscribe "$largek" sample \
    -m m.safetensors -d images.idx -o x.safetensors >said 2>&1
said 'one of 2 processes of a job, but this largek cannot use MPI'
status 3 mpirun -n 2 --oversubscribe "$largek" sample -m images.idx -d images.idx \
    -o x.safetensors >said 2>&1
[ "$(grep -c 'a header of' said)" = 1 ] || fail "not said once"
status 2 mpirun --oversubscribe -n 1 "$largek" sample -m m.safetensors -d images.idx \
    -o x.safetensors : -n 1 "$largek" sample -m m.safetensors -d images.idx \
    -o x.safetensors --path nix >said 2>&1
said "sample: rank 1 on .*: path 'nix'"
[ ! -e x.safetensors ] || fail "a run that failed left a file"
