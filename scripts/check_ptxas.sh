#!/bin/sh
# check_ptxas.sh [BUILD] - registers, spills and stack of every CUDA kernel, for every card
# that this nvcc knows, against cuda/budgets.txt.
#
# No GPU is needed.  Logs stay in BUILD/ptxas (default build/ptxas).  With --show it prints
# the largest value over all cards a kernel, in the form of the budget file, and judges not.
# Exit 77 where there is no nvcc, which ctest shows as skipped.
set -eu
cd "$(dirname "$0")/.."

show=0
if [ "${1:-}" = --show ]; then show=1 && shift; fi
out=${1:-build}/ptxas
budgets=cuda/budgets.txt

nvcc=
for program in "${NVCC:-}" "${CUDACXX:-}" nvcc "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc"; do
    if [ -n "$program" ] && command -v "$program" >/dev/null; then
        nvcc=$program && break
    fi
done
if [ -z "$nvcc" ]; then
    echo "check_ptxas.sh: skipped: no nvcc (set NVCC, or PATH)" >&2
    exit 77
fi

archs=
known=$("$nvcc" --list-gpu-code)
for arch in 75 80 86 89 90 100 120; do
    if echo "$known" | grep -qx "sm_$arch"; then archs="$archs $arch"; fi
done

# The flags of cuda/CMakeLists.txt: what must be equal to the last bit is not contracted.
flags() { # flags FILE
    case $1 in
    latent | canonical) echo -fmad=false ;;
    *) echo -fmad=true ;; # nvcc's own choice
    esac
}

rm -rf "$out" && mkdir -p "$out"
grep -l __global__ cuda/*.cu | while read -r file; do
    name=$(basename "$file" .cu)
    for arch in $archs; do echo "$name $arch $(flags "$name")"; done
done >"$out/jobs"

# NAME ARCH FLAG a line; a compiler that fails leaves its message and ends the test.
export nvcc out
status=0
# shellcheck disable=SC2016 # the inner shell expands them
xargs -P "$(nproc)" -L 1 sh -c '
    log=$out/$0.sm_$1.log
    "$nvcc" -cubin -arch="sm_$1" "$2" -std=c++17 -O3 -Xptxas -v -Iinclude -Icuda \
        "cuda/$0.cu" -o "$out/$0.sm_$1.cubin" >"$log" 2>&1 || { cat "$log" && exit 255; }
' <"$out/jobs" || status=1
if [ "$status" != 0 ]; then
    echo "check_ptxas.sh: a kernel does not compile" >&2
    exit 1
fi

# ptxas says the name first, then stack and spills, then registers.
for log in "$out"/*.log; do
    awk -v where="$(basename "$log" .log)" '
        BEGIN { split(where, part, ".") }
        /Compiling entry function/ { split($0, quoted, "\047"); kernel = quoted[2] }
        /bytes stack frame/ { stack = $1; spill = $5 + $9 }
        /Used [0-9]+ registers/ {
            for (i = 1; i < NF; i++) if ($i == "Used") registers = $(i + 1)
            print part[1], part[2], kernel, registers, spill, stack
        }' "$log"
done >"$out/found"

awk -v show="$show" -v cards="$(echo "$archs" | wc -w)" '
    FILENAME == ARGV[1] {
        if ($0 ~ /^[ \t]*(#|$)/) next
        n++
        file[n] = $1; pattern[n] = $2; registers[n] = $3; spill[n] = $4; stack[n] = $5
        next
    }
    {
        rows++
        mine = 0
        for (i = 1; i <= n && !mine; i++) if ($1 == file[i] && $3 ~ pattern[i]) mine = i
        if (show) {
            key = $1 " " (mine ? pattern[mine] : $3)
            if (!(key in r) || $4 > r[key]) r[key] = $4
            if (!(key in s) || $5 > s[key]) s[key] = $5
            if (!(key in f) || $6 > f[key]) f[key] = $6
            next
        }
        if (!mine) { print "no budget: " $1 ".cu " $3; bad = 1; next }
        used[mine]++
        if ($4 > registers[mine] || $5 > spill[mine] || $6 > stack[mine]) {
            printf "over budget: %s.cu %s %s: %d registers, %d B spilled, %d B stack;", $1, $2,
                pattern[mine], $4, $5, $6
            printf " allowed %d, %d, %d\n", registers[mine], spill[mine], stack[mine]
            bad = 1
        }
    }
    END {
        for (key in r) print key, r[key], s[key], f[key]
        if (show) exit
        for (i = 1; i <= n; i++) if (!used[i]) {
            print "a budget for no kernel: " file[i] " " pattern[i]; bad = 1
        }
        if (rows == 0) { print "no kernels were found"; bad = 1 }
        printf "%d kernels on %d cards: %s\n", rows / cards, cards, bad ? "over budget" : "ok"
        exit bad
    }' "$budgets" "$out/found"
