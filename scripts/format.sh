#!/bin/sh
# format.sh [--check] - one layout for all C and CUDA sources, by clang-format.
set -eu
cd "$(dirname "$0")/.."

files=$(git ls-files '*.c' '*.h' '*.cpp' '*.cu' '*.cuh')
if [ "${1:-}" = --check ]; then
    # shellcheck disable=SC2086
    clang-format --dry-run -Werror $files
else
    # shellcheck disable=SC2086
    clang-format -i $files
fi
