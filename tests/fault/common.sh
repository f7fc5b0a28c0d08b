# common.sh - what the scripts of this folder share: LARGEK and SHIM are their arguments.
#
# A small model, `sample` with its options, and `faulty`, which runs it with a fault of
# shim.c; `fired` is there afterwards where the fault came to pass.
set -eu

largek=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
shim=$2
if ldd "$largek" | grep -q libasan; then
    echo "skipped: a sanitizer does not let itself be preloaded after another library"
    exit 77
fi
export LARGEK_PLUGIN_DIR=/nowhere OPENBLAS_NUM_THREADS=1
folder=$(mktemp -d)
pid= # of what runs in the background
trap '[ -z "$pid" ] || kill -9 $pid 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null

fail() {
    echo "FAILED: $*" >&2
    [ ! -f said ] || tail -n 5 said >&2
    exit 1
}

sample() {
    "$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 --threads 1 "$@"
}

# The same, to be started with &, so that $! is the program and no shell.
become_sample() {
    exec "$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 --threads 1 "$@"
}

faulty() { # faulty FAULT OPTIONS: the exit status in $status, standard error in `said`
    fault=$1 && shift
    rm -f fired
    status=0
    LARGEK_FAULT=$fault LARGEK_FAULT_LOG="$folder/fired" LD_PRELOAD=$shim \
        "$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 --threads 1 \
        "$@" >/dev/null 2>said || status=$?
}

# Files that nobody asked for.
litter() {
    find . -name '*.tmp*' -o -name '*.lock' | grep . || true
}

attempts() { # of all problems together
    "$largek" info result "$1" | sed -n 's/^attempts_total *//p'
}
