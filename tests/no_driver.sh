#!/bin/sh
# no_driver.sh LARGEK PLUGIN - the CUDA plugin on a machine without an NVIDIA driver: `auto`
# takes the cpu with one warning, `cuda` ends with 6 and the remedy, and `info` tells.
# Exit 77, which ctest shows as skipped, where a driver answers.
set -eu
largek=$1
LARGEK_PLUGIN_DIR=$(dirname "$2")
export LARGEK_PLUGIN_DIR
if [ -e /proc/driver/nvidia/version ]; then
    echo "no_driver.sh: skipped: there is a driver" >&2
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "no_driver.sh: $*" >&2 && cat "$folder/said" >&2 && exit 1; }

{
    printf '\000\000\010\003\000\000\000\002\000\000\000\002\000\000\000\002'
    printf '\000\100\200\377\377\100\200\000'
} >"$folder/images.idx"
"$largek" train vae --data "$folder/images.idx" --images 2 --hidden 4 --latent 2 --epochs 1 \
    -o "$folder/m.safetensors" -q >/dev/null
sample() { # sample DEVICE [options]: its messages to said, its exit code to code
    device=$1 && shift
    code=0
    "$largek" sample -m "$folder/m.safetensors" -d "$folder/images.idx" -t 0.1 -n 100 \
        -o "$folder/r.safetensors" --force --device "$device" "$@" \
        >/dev/null 2>"$folder/said" || code=$?
}

remedy='no NVIDIA driver, or one older than this CUDA: update the driver'
sample auto
[ "$code" = 0 ] || fail "auto: exit code $code"
[ "$(grep -c "warning: no CUDA device: $remedy" "$folder/said")" = 1 ] ||
    fail "auto: not one warning with the remedy"
[ "$(grep -c warning "$folder/said")" = 1 ] || fail "auto: more than one warning"
for device in cuda cuda:0 cuda:all; do
    sample $device
    [ "$code" = 6 ] || fail "$device: exit code $code"
    grep -q "$remedy" "$folder/said" || fail "$device: no remedy"
done
sample auto --path library
[ "$code" = 2 ] || fail "library on the cpu: exit code $code"
"$largek" info >"$folder/said" 2>&1
grep -q "$remedy" "$folder/said" || fail "info: no reason"
