#!/usr/bin/env bash
# real_data.sh LARGEK - the paper's task on the paper's images: a sanity check of the whole
# road.  The ranges are wide: they tell a broken task from a sound one, no more.
set -euo pipefail

largek=$1
data=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
[ -f "$data" ] || { echo "skipped: no $data (apt install dataset-fashion-mnist)"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

loss=$("$largek" train vae --data "$data" --images 400 -o "$folder/vae.safetensors" \
    --format csv | tail -n 1 | tr , '\n' | tail -n 1)
"$largek" sample -m "$folder/vae.safetensors" -d "$data" --problems 0:400 --draws 5000 \
    --threshold 0.004,0.01 -o "$folder/run.safetensors" --format csv >"$folder/run.csv"
cat "$folder/run.csv"
echo "final loss per image: $loss"
awk -v loss="$loss" 'BEGIN { exit !(loss > 200 && loss < 290) }'
awk -F, '$1 == 0.004 { exit !($6 > 0.04 && $6 < 0.18) }' "$folder/run.csv"
awk -F, '$1 == 0.01 { exit !($6 > 0.7 && $6 < 0.97) }' "$folder/run.csv"

# A second, stopped and resumed run of the same gives the same file but for its times.
"$largek" sample -m "$folder/vae.safetensors" -d "$data" --problems 0:400 --draws 5000 \
    --threshold 0.004,0.01 -o "$folder/again.safetensors" --path blas --isa avx2 \
    --max-time 1s >/dev/null || [ $? -eq 75 ]
"$largek" sample -m "$folder/vae.safetensors" -d "$data" --problems 0:400 --draws 5000 \
    --threshold 0.004,0.01 -o "$folder/again.safetensors" --format csv >"$folder/again.csv"
diff "$folder/run.csv" "$folder/again.csv"
