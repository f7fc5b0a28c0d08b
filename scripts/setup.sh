#!/usr/bin/env bash
# setup.sh - installs what largek is built, tested and drawn with (Debian, Ubuntu).
#
#     scripts/setup.sh            everything
#     scripts/setup.sh --check    installs nothing; lists what is missing, exit 1 if any
#
# Idempotent and quiet: where nothing is missing it asks for no rights and prints
# nothing.  CUDA is optional and not installed here: the build uses it where it finds
# it.  Open MPI is optional too (-DLARGEK_MPI=OFF), and is here to be tested.
set -euo pipefail

packages=(
    build-essential cmake ninja-build pkg-config
    libgsl-dev libopenblas-dev libjansson-dev zlib1g-dev libzstd-dev libxxhash-dev
    libcmocka-dev librandom123-dev
    libopenmpi-dev openmpi-bin
    gnuplot-nox dataset-fashion-mnist
)

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing+=("$package")
done

if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
if [ "${1:-}" = --check ]; then
    printf 'missing: %s\n' "${missing[@]}"
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "setup.sh: no apt-get here; install the likes of: ${missing[*]}" >&2
    exit 1
fi

root=()
if [ "$(id -u)" -ne 0 ]; then root=(sudo); fi
echo "setup.sh: installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
}
if ! { "${root[@]}" apt-get update && install; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup.sh: apt-get failed" >&2
    exit 1
fi
