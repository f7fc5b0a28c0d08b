#!/bin/sh
# check_headers.sh - every public header compiles alone, as C11 and as C++17.
set -eu
cd "$(dirname "$0")/.."

bad=0
for header in include/largek/*.h; do
    line="#include \"largek/$(basename "$header")\""
    echo "$line" | ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Werror -Iinclude \
        -fsyntax-only -x c - || { echo "$header: not C11 alone" && bad=1; }
    echo "$line" | ${CXX:-c++} -std=c++17 -Wall -Wextra -Wpedantic -Werror -Iinclude \
        -fsyntax-only -x c++ - || { echo "$header: not C++17 alone" && bad=1; }
done
exit $bad
