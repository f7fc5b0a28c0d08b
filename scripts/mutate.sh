#!/usr/bin/env bash
# mutate.sh [PATTERN] - breaks the code in each way tests/mutations.txt names, and says which
# breaks no test saw.  A test that cannot fail is not a test.
#
#     scripts/mutate.sh             all of them
#     scripts/mutate.sh stats/      those whose line matches
#
# Works on a copy; the sources here are not touched.
set -euo pipefail
cd "$(dirname "$0")/.."

pattern=${1:-.}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
reference=${LARGEK_REFERENCE_DATA:-$PWD/../shared/data}
cd "$copy"
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=ON \
    -DLARGEK_CUDA=OFF -DLARGEK_REFERENCE_DATA="$reference" >/dev/null
cmake --build build >/dev/null

survivors=0
breaks=0
tab=$(printf '\t')
while IFS=$tab read -r file edit; do
    breaks=$((breaks + 1))
    cp "$file" kept
    sed -i "$edit" "$file"
    verdict=seen
    if cmp -s "$file" kept; then
        verdict=stale
    elif ! timeout 600 cmake --build build >/dev/null 2>&1; then
        verdict="does not compile"
    elif timeout 600 ctest --test-dir build -LE 'slow|house' -j 2 --timeout 60 --stop-on-failure \
        >/dev/null 2>&1; then
        verdict=SURVIVED
    fi
    if [ "$verdict" != seen ]; then survivors=$((survivors + 1)); fi
    printf '%-16s %s  %s\n' "$verdict" "$file" "$edit"
    cp kept "$file"
done < <(grep -v '^#' tests/mutations.txt | grep -E -- "$pattern")
echo "$breaks breaks, $survivors not seen"
exit $((survivors > 0))
