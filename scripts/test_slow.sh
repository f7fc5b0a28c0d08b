#!/usr/bin/env bash
# test_slow.sh - the tests that take minutes: every word of the stream, real data, 200 random
# kills, every damage to a file, coverage of intervals.
#
#     scripts/test_slow.sh [ctest options]
#
# That tests can fail is shown by scripts/mutate.sh, which takes longer.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
build=${LARGEK_BUILD:-build-test}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=ON \
    -DLK_WERROR=ON >/dev/null
cmake --build "$build"
ctest --test-dir "$build" --output-on-failure -L slow "$@"
