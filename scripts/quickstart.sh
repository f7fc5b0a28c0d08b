#!/usr/bin/env bash
# quickstart.sh - from images to a figure of pass@k: installs, builds, trains, samples, draws.
#
#     scripts/quickstart.sh
#
# Environment, with what it is by default:
#     LARGEK_DRAWS=25000      attempts at each problem; 1e6 and the like are fine
#     LARGEK_EPOCHS=1000      of training
#     LARGEK_PROBLEMS=400     the first so many training images
#     LARGEK_THRESHOLDS=0.002,0.003,0.004,0.006,0.008,0.01; others want another LARGEK_OUT
#     LARGEK_DEVICE=auto      auto, cpu, cuda, cuda:N
#     LARGEK_DATA=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
#     LARGEK_BUILD=build      LARGEK_OUT=out
#
# A second run goes on where the first was stopped, and does nothing that is done.
set -euo pipefail
cd "$(dirname "$0")/.."

draws=${LARGEK_DRAWS:-25000}
epochs=${LARGEK_EPOCHS:-1000}
problems=${LARGEK_PROBLEMS:-400}
thresholds=${LARGEK_THRESHOLDS:-0.002,0.003,0.004,0.006,0.008,0.01}
device=${LARGEK_DEVICE:-auto}
data=${LARGEK_DATA:-/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz}
build=${LARGEK_BUILD:-build}
out=${LARGEK_OUT:-out}

scripts/setup.sh

step() { printf '\n== %s\n' "$*" >&2; }

step "build"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF >/dev/null
cmake --build "$build" >/dev/null
largek=$build/largek
mkdir -p "$out"

# A model trained another way than now asked for would give another experiment's figure.
recipe="$data problems=$problems epochs=$epochs"
if [ ! -f "$out/vae.safetensors" ] || [ "$(cat "$out/vae.recipe" 2>/dev/null)" != "$recipe" ]; then
    step "train: the VAE 784-400-20 on $problems images, $epochs epochs"
    "$largek" train vae --data "$data" --images "$problems" --epochs "$epochs" --force \
        -o "$out/vae.safetensors"
    printf '%s\n' "$recipe" >"$out/vae.recipe"
    rm -f "$out"/run.safetensors "$out"/run.safetensors.prev
fi

step "sample: $draws draws for each of $problems problems"
"$largek" sample --model "$out/vae.safetensors" --data "$data" --problems "0:$problems" \
    --threshold "$thresholds" --draws "$draws" --device "$device" -o "$out/run.safetensors"

step "pass@k, with 95% intervals over problems"
"$largek" passk "$out/run.safetensors" --k "1:$draws:log=1"
"$largek" passk "$out/run.safetensors" --format csv -o "$out/passk.csv"

step "figures"
for type in svg png; do
    "$largek" plot passk "$out/run.safetensors" -o "$out/passk.$type"
done
ls -l "$out"/vae.safetensors "$out"/run.safetensors "$out"/passk.csv "$out"/passk.svg \
    "$out"/passk.png >&2
