#!/bin/sh
# format.sh [--check] - one layout for all C and CUDA sources, by clang-format 14; other
# versions lay the same rules out in other ways.
#
# Exit 77 where that version is not installed, which ctest shows as skipped.
set -eu
cd "$(dirname "$0")/.."

program=
for name in clang-format-14 clang-format; do
    case $("$name" --version 2>/dev/null) in
    *'version 14.'*) program=$name && break ;;
    esac
done
if [ -z "$program" ]; then
    echo "format.sh: skipped: no clang-format 14 (apt install clang-format-14)" >&2
    exit 77
fi

edit=-i
if [ "${1:-}" = --check ]; then edit='--dry-run -Werror'; fi
# shellcheck disable=SC2086 # two words
find include src tests $(test -d cuda && echo cuda) \
    \( -name '*.[ch]' -o -name '*.cpp' -o -name '*.cu' -o -name '*.cuh' \) \
    -exec "$program" $edit {} +
