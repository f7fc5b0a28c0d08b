#!/usr/bin/env bash
# gpu_check.sh [options] - the CUDA plugin on this machine's GPU: right, and how fast.
#
# Needs nvcc, CMake, ninja, a C compiler with OpenMP and python3, with PyTorch for the peers;
# none of largek's other dependencies.  It builds tests/gpu, holds every precision to the
# CPU's counts, runs compute-sanitizer where there is one, measures, and writes one JSON:
# $OUT/gpu.json where OUT is set, else bench/results/gpu-NAME.json.  The last lines are a
# table.  The exit code is not 0 where anything failed.  It reads the GPU's settings and
# never changes them.
#
#   --draws N     draws of each of 20 problems to compare (default 10000000)
#   --quick       few draws, short timings: two minutes
#   --no-bench    checks alone
#   --no-checks   timings alone; with --no-bench in another call, both fit where time is short
#   --emulated    the plugin on the emulated device, tiny: a test of this script, not of a GPU
#   --build DIR   where to build (default build-gpu)
#   --name NAME   of the result (default: the GPU's)
#   --limit S     seconds after which nothing more is begun (default 500)
#
# The commit is git's, or LARGEK_COMMIT's where the sources come without their history.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

draws=10000000 few=200000 quick='' bench=1 checks=1 emulated=OFF build=build-gpu name='' limit=500
speed_s=4 checks_s=400
while [ $# -gt 0 ]; do
    case $1 in
    --draws) draws=$2 && shift ;;
    --quick) quick=--quick speed_s=2 few=100000 ;;
    --no-bench) bench=0 ;;
    --no-checks) checks=0 ;;
    --emulated) emulated=ON ;;
    --build) build=$2 && shift ;;
    --name) name=$2 && shift ;;
    --limit) limit=$2 && shift ;;
    *) sed -n '2,/^set /p' "$0" | grep '^#' >&2 && exit 2 ;;
    esac
    shift
done

threads=$(nproc)
export OMP_NUM_THREADS=$threads
if [ -d /usr/local/cuda/bin ]; then PATH=$PATH:/usr/local/cuda/bin; fi
shape=()
if [ "$emulated" = ON ]; then
    shape=(--shape '5,37,51' --problems 3)
    few=3000 draws=3000 speed_s=0.05 checks_s=1200
fi
mkdir -p "$build" || exit 2
parts=$(mktemp -d) || exit 2
trap 'rm -rf "$parts"' EXIT
failed=0

# What is begun after the limit would be cut off by whoever waits for this script.
step() { # step NAME SECONDS COMMAND...: runs it; a failure is counted; functions see $most
    local title=$1 most=$2 status=0 began=$SECONDS
    shift 2
    if [ "$SECONDS" -ge "$limit" ]; then
        echo "== $title: not begun, no time left" && status=125
    else
        echo "== $title"
        if [ "$(type -t "$1")" = function ]; then "$@" || status=$?; else
            timeout "$most" "$@" || status=$?
        fi
    fi
    printf '%s\t%s\t%s\n' "$title" "$status" "$((SECONDS - began))" >>"$parts/steps"
    if [ "$status" != 0 ]; then failed=$((failed + 1)) && echo "== $title: FAIL ($status)"; fi
    return "$status"
}

query() { # query FIELDS: what nvidia-smi says, or nothing
    nvidia-smi --query-gpu="$1" --format=csv,noheader,nounits 2>/dev/null | head -n 1
}

configure() {
    local arch
    arch=$(query compute_cap | tr -d '. ')
    cmake -S tests/gpu -B "$build" -G Ninja -DLARGEK_GPU_EMULATED="$emulated" \
        ${arch:+"-DLARGEK_CUDA_ARCHITECTURES=$arch"} >"$parts/configure.log" 2>&1 &&
        timeout "$most" ninja -C "$build" >"$parts/build.log" 2>&1 && return
    cat "$parts/configure.log"
    tail -n 40 "$parts/build.log" 2>/dev/null
    return 1
}

sanitize() { # sanitize TOOL
    timeout "$most" compute-sanitizer --tool "$1" --error-exitcode 1 --print-limit 5 \
        "$build/gpu_check" --plugin "$plugin" --small --shape 5,37,51 --problems 3 \
        --few 3000 --threads "$threads" >"$parts/sanitize-$1.log" 2>&1 && return
    tail -n 30 "$parts/sanitize-$1.log"
    return 1
}

# Whether compute-sanitizer can work here at all: some containers refuse it.
sanitizer_works() {
    local said
    command -v compute-sanitizer >/dev/null || return 1
    said=$(timeout 60 compute-sanitizer --tool memcheck "$build/gpu_check" --plugin "$plugin" \
        --small --shape 3,4,5 --problems 1 --few 100 2>&1)
    ! echo "$said" | grep -qiE 'not supported|unable to|could not be'
}

query clocks.sm,clocks.mem,power.draw,temperature.gpu >"$parts/before"
step "build" 300 configure || { echo "the build failed" && exit 1; }
plugin=$PWD/$build/largek-cuda.so
case $build in /*) plugin=$build/largek-cuda.so ;; esac

# Timings before the long comparison: a failure there must not cost them.
if [ "$bench" = 1 ]; then
    if [ "$emulated" = OFF ]; then
        step "ceilings" 60 "$build/gpu_ceilings" --json "$parts/ceilings.json"
    fi
    step "speed" 150 "$build/gpu_speed" --plugin "$plugin" --seconds "$speed_s" \
        --threads "$threads" "${shape[@]}" --json "$parts/speed.json"
    query clocks.sm,clocks.mem,power.draw,temperature.gpu >"$parts/after"
fi

# A comparison that would not end in time is no comparison: --draws says how long it is.
# shellcheck disable=SC2086 # nothing, or one word
[ "$checks" = 0 ] || step "checks" "$checks_s" "$build/gpu_check" --plugin "$plugin" --draws "$draws" --few "$few" \
    --threads "$threads" --reference "$build/reference.bin" "${shape[@]}" $quick \
    --json "$parts/checks.json"

if [ "$checks" = 0 ]; then
    :
elif [ "$emulated" = OFF ] && sanitizer_works; then
    for tool in memcheck racecheck synccheck initcheck; do
        step "compute-sanitizer $tool" 60 sanitize "$tool"
    done
else
    echo "== compute-sanitizer: not here, or it does not work here: left out"
    printf 'compute-sanitizer\tleft out\t0\n' >>"$parts/steps"
fi

if [ "$bench" = 1 ] && [ "$emulated" = OFF ]; then
    if ! python3 -c 'import torch' 2>/dev/null; then
        echo "== PyTorch: not here: left out"
        printf 'PyTorch\tleft out\t0\n' >>"$parts/steps"
    elif [ "$SECONDS" -lt "$limit" ]; then
        left=$((limit - SECONDS))
        step "PyTorch" $((left + 40)) python3 bench/gpu.py ${quick:+"$quick"} \
            --limit $((left - left / 4)) --json "$parts/peers.json"
    else
        step "PyTorch" 1 true
    fi
fi

describe() {
    printf 'device\t%s\n' "$(query name)"
    printf 'driver\t%s\n' "$(query driver_version)"
    printf 'memory_mib\t%s\n' "$(query memory.total)"
    printf 'power_limit_w\t%s\n' "$(query power.limit)"
    printf 'clocks_max_sm_mem_mhz\t%s\n' "$(query clocks.max.sm,clocks.max.mem)"
    printf 'sm_mem_mhz_watt_celsius_before\t%s\n' "$(cat "$parts/before")"
    printf 'sm_mem_mhz_watt_celsius_after\t%s\n' "$(cat "$parts/after" 2>/dev/null)"
    printf 'cuda\t%s\n' "$(nvcc --version 2>/dev/null | sed -n 's/.*release.*, V//p')"
    printf 'commit\t%s\n' \
        "$(git describe --always --dirty --abbrev=12 2>/dev/null || echo "${LARGEK_COMMIT:-}")"
    printf 'date\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    printf 'host\t%s, %s threads\n' \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$threads"
}
describe >"$parts/facts"

if [ -z "$name" ]; then
    name=$(query name | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-')
    if [ "$emulated" = ON ]; then name=emulated; fi
fi
output=bench/results/gpu-${name:-unknown}.json
if [ "$emulated" = ON ]; then output=$build/gpu-emulated.json; fi # never a result
if [ -n "${OUT:-}" ]; then output=$OUT/gpu.json; fi

python3 - "$parts" "$output" "$checks" <<'PYTHON' || failed=$((failed + 1))
import json, os, sys

parts, output, wanted = sys.argv[1:]
FLOP = 2 * (20 * 400 + 400 * 784)


def table(name):
    with open(os.path.join(parts, name)) as f:
        return [line.rstrip("\n").split("\t") for line in f]


merged = {"schema": 1, "benchmark": "gpu"}
merged.update((row[0], row[1] or None) for row in table("facts"))
merged["steps"] = [{"name": n, "status": s, "seconds": int(t)} for n, s, t in table("steps")]
for part in ("checks", "ceilings", "speed", "peers"):
    path = os.path.join(parts, part + ".json")
    if not os.path.exists(path):
        continue
    try:
        with open(path) as f:
            merged[part] = json.load(f)
    except ValueError:  # its program was cut off
        with open(path) as f:
            merged[part] = {"cut_off": f.read()}

os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
with open(output, "w") as f:
    json.dump(merged, f, indent=1)

rows = lambda part: merged.get(part, {}).get("rows", [])
square = {r["precision"]: r["flop_per_s"] for r in rows("ceilings") if r["name"].startswith("8192")}
peers = {r["name"]: r["draws_per_s"] for r in rows("peers") if "draws_per_s" in r}
print(f"\n{merged['device'] or 'no GPU'}, driver {merged['driver']}, CUDA {merged['cuda']}")
if rows("speed"):
    print(f"{'path':34s} {'M draws/s':>10s} {'in kernels':>10s} {'of gemm peak':>12s} {'over compile':>12s}")
for r in rows("speed"):
    p = "fp16" if r["precision"] == "fp16x3" else r["precision"]
    share = f"{r['kernel_share']:.1%}" if r["kernel_share"] is not None else "-"
    peak = f"{r['draws_per_s'] * FLOP / square[p]:.1%}" if p in square else "-"
    other = peers.get(f"compile {p}")
    over = f"{r['draws_per_s'] / other:.2f}" if other else "-"
    print(f"{r['path']:34s} {r['draws_per_s'] / 1e6:10.2f} {share:>10s} {peak:>12s} {over:>12s}")
for n, rate in peers.items():
    print(f"{'PyTorch ' + n:34s} {rate / 1e6:10.2f}")
for step in merged["steps"]:
    if step["status"] != "0":
        print(f"{step['name']}: {'left out' if step['status'] == 'left out' else 'FAIL'}")
checks = merged.get("checks", {})
if wanted == "1":
    print(f"checks: {checks.get('passed', '?')} passed, {checks.get('failed', '?')} failed")
print(output)
if wanted == "1" and "passed" not in checks:
    sys.exit(1)
PYTHON

if [ "$failed" != 0 ]; then echo "FAIL: $failed steps" && exit 1; fi
echo PASS
