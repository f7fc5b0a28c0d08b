# `largek verify`: a sound result passes, whoever made it; a doctored one does not.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{
    printf '\000\000\010\003\000\000\000\014\000\000\000\002\000\000\000\002'
    for i in 1 2 3 4 5 6; do printf '\000\100\200\377\377\100\200\000'; done
} >images.idx
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 20 \
    -o m.safetensors -q >/dev/null
sample() { "$largek" sample -m m.safetensors -d images.idx -t 0.02,0.05,0.1 -q "$@"; }
verify() { "$largek" verify -m m.safetensors -d images.idx -q "$@"; }
status() { "$@" || echo "status $?"; }

sample -n 3000 -o run.safetensors --trace 5 --path blas >/dev/null
verify run.safetensors --format csv | cut -d, -f1-4,7-
verify run.safetensors --all --tiles 0 --threads 1 --format csv
verify run.safetensors --tiles 4 --seed 7 | grep -E '^(tiles|differences)'
"$largek" verify run.safetensors -m m.safetensors -d images.idx --tiles 1 2>&1 >/dev/null |
    sed 's/device: .*/device: some/'

echo "a part of a run, of some problems, from the prior"
sample -n 9000 -o part.safetensors --shard 2/3 --problems 3:9 --latent prior >/dev/null
status verify part.shard-2-of-3.safetensors 2>&1 | sed 's/[0-9a-f]\{32\}/DIGEST/g'
verify part.shard-2-of-3.safetensors --latent prior --all | grep differences

echo "what is refused"
"$largek" train vae --data images.idx --images 12 --hidden 8 --latent 2 --epochs 21 \
    -o other.safetensors -q >/dev/null
status "$largek" verify run.safetensors -m other.safetensors -d images.idx 2>&1 |
    sed 's/[0-9a-f]\{32\}/DIGEST/g'
status verify m.safetensors
status verify missing.safetensors
status verify
cp run.safetensors bad.safetensors
printf 'X' | dd of=bad.safetensors bs=1 seek=5000 conv=notrunc 2>/dev/null
status verify bad.safetensors 2>&1 | sed 's/: digest.*//'
