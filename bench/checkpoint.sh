#!/usr/bin/env bash
# checkpoint.sh - what checkpoints cost a run: the share of its time that went into them.
#
#     bench/checkpoint.sh [LARGEK] [SECONDS]        default: build/largek 20
#
# The paper's task (400 problems, six thresholds) with a checkpoint every second, thirty times
# as many as by default.  A run writes down what they took (`largek info result`); the folder
# they go to is TMPDIR's, so set that to the disk that matters.
set -euo pipefail

largek=${1:-build/largek}
seconds=${2:-20}
data=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
[ -f "$data" ] || { echo "no $data (apt install dataset-fashion-mnist)" >&2; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$largek" train vae --data "$data" --images 400 --epochs 2 -o "$folder/vae.safetensors" \
    -q >/dev/null
"$largek" sample --device cpu -m "$folder/vae.safetensors" -d "$data" --problems 0:400 \
    --draws 1e12 -o "$folder/run.safetensors" --checkpoint-every 1s \
    --max-time "${seconds}s" -q >/dev/null 2>&1 || [ $? -eq 75 ]
"$largek" info result "$folder/run.safetensors" | awk -v bytes="$(wc -c <"$folder/run.safetensors")" '
    $1 == "seconds" { s = $2 }
    $1 == "checkpoints" { n = $2 }
    $1 == "checkpoint_s" { c = $2 }
    END {
        printf("checkpoints        %d of %d bytes\n", n, bytes)
        printf("each               %.2f ms\n", 1e3 * c / n)
        printf("share, every 1 s   %.3f %%\n", 100 * c / s)
        printf("share, every 30 s  %.4f %%\n", 100 * c / n / 30)
    }'
