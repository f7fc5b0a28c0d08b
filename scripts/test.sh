#!/usr/bin/env bash
# test.sh - installs what is missing, builds with warnings as errors, runs the tests.
#
#     scripts/test.sh [ctest options]        e.g. scripts/test.sh -R passk
#
# Heavy tests (label slow) are left to scripts/test_slow.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh
build=${LARGEK_BUILD:-build-test}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=ON \
    -DLK_WERROR=ON >/dev/null
cmake --build "$build"
ctest --test-dir "$build" --output-on-failure -LE slow -j "$(nproc)" "$@"
