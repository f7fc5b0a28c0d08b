#!/usr/bin/env bash
# cpu.sh [options of cpu.py] - largek beside NumPy and PyTorch on this machine's CPU.
#
# Installs the peers into bench/.venv (PyTorch from PyPI is a large download), trains the
# quick start's model where there is none, and prints a table.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${LARGEK_BENCH_VENV:-bench/.venv}
data=${LARGEK_DATA:-/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r bench/requirements.txt
fi
if [ ! -f out/vae.safetensors ]; then LARGEK_DRAWS=1000 scripts/quickstart.sh; fi
exec "$venv/bin/python" bench/cpu.py --data "$data" "$@"
