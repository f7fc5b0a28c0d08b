#!/usr/bin/env bash
# fit.sh COUNTS - time of maximum-likelihood fits to evaluation counts: largek beside SciPy.
#
#     bench/fit.sh counts.csv [--rounds 3] [--output bench/results/NAME.json]
#
# COUNTS is CSV with columns model, n, c.  SciPy is installed in a virtual environment of
# its own.  Builds largek if need be.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 1 ] || { echo "usage: bench/fit.sh COUNTS [options]" >&2 && exit 2; }
counts=$(realpath "$1") && shift
[ -x build/largek ] || { cmake -B build -G Ninja >/dev/null && cmake --build build --target lk_cli; }
venv=${LARGEK_BENCH_VENV:-bench/.venv-fit}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy scipy
fi
exec "$venv/bin/python" bench/fit.py --largek build/largek --counts "$counts" "$@"
