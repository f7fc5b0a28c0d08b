#!/usr/bin/env python3
"""Draws a second of `largek sample` on the CPU, beside NumPy and PyTorch, in one run.

    bench/cpu.sh                       sets up the peers, then runs this
    bench/cpu.py --largek build/largek --model out/vae.safetensors --data IMAGES

Every contender runs in turn, round after round, so that a machine whose speed drifts
drifts for all.  largek is timed as a whole process, reading, encoding, pilots and writing
included; the peers are timed inside their loops.  Batches of the peers are swept first.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FLOP = 2 * (20 * 400 + 400 * 784)  # of the two products, a draw


def peer(args, what, batch, draws):
    command = [sys.executable, os.path.join(HERE, "peers.py"), what, "--threads", str(args.threads)]
    if not what.startswith("gemm"):
        command += ["--model", args.model, "--data", args.data, "--batch", str(batch)]
        command += ["--draws", str(draws), "--problems", str(args.problems)]
    env = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        env[name] = str(args.threads)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"  {what}: left out ({done.stderr.strip().splitlines()[-1:]})", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def largek(args, extra):
    with tempfile.TemporaryDirectory() as folder:
        command = [args.largek, "sample", "--model", args.model, "--data", args.data]
        command += ["--problems", f"0:{args.problems}", "--device", "cpu", "--quiet"]
        command += ["--threads", str(args.threads), "--format", "json"]
        command += ["--draws", str(args.draws // args.problems)]
        command += ["-o", os.path.join(folder, "run.safetensors")] + extra
        start = time.perf_counter()
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds = time.perf_counter() - start
    rows = json.loads(out)["rows"]
    draws = rows[0]["attempts"]
    return {
        "draws": draws,
        "seconds": seconds,
        "draws_per_s": draws / seconds,
        "pass_at_1": [row["pass@1"] for row in rows],
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--largek", default="build/largek")
    parser.add_argument("--model", default="out/vae.safetensors")
    parser.add_argument("--data", required=True)
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--draws", type=int, default=4000000)
    parser.add_argument("--peer-draws", type=int, default=1000000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--output", help="write the JSON here")
    args = parser.parse_args()

    batch = {}
    for what in ("numpy", "torch", "torch-compile"):
        tried = {b: peer(args, what, b, args.peer_draws // 4) for b in (256, 1024, 4096)}
        tried = {b: r for b, r in tried.items() if r is not None}
        if tried:
            batch[what] = max(tried, key=lambda b: tried[b]["draws_per_s"])

    contenders = {
        "largek": lambda: largek(args, []),
        "largek, avx2": lambda: largek(args, ["--isa", "avx2"]),
        "largek, path blas": lambda: largek(args, ["--path", "blas"]),
    }
    for what, b in batch.items():
        contenders[f"{what}, batch {b}"] = lambda what=what, b=b: peer(args, what, b, args.peer_draws)

    rows = {name: [] for name in contenders}
    peaks = {"gemm-numpy": [], "gemm-torch": []}
    for _ in range(args.rounds):
        for name, run in contenders.items():
            rows[name].append(run())
        for what in peaks:
            found = peer(args, what, 0, 0)
            if found is not None:
                peaks[what].append(found["gflops"])

    rate = {n: [r["draws_per_s"] for r in rs if r] for n, rs in rows.items()}
    peak = max((statistics.median(v) for v in peaks.values() if v), default=float("nan"))
    ours = statistics.median(rate["largek"])
    table = []
    print(f"{'contender':28s} {'draws/s':>9s} {'min':>9s} {'max':>9s} {'ratio':>6s} {'GFLOP/s':>8s} {'of peak':>7s}")
    for name, values in rate.items():
        median = statistics.median(values)
        gflops = median * FLOP / 1e9
        table.append({
            "contender": name,
            "draws_per_s": median,
            "min": min(values),
            "max": max(values),
            "largek_over_it": ours / median,
            "gflops": gflops,
            "share_of_sgemm_peak": gflops / peak,
            "pass_at_1": rows[name][0]["pass_at_1"],
        })
        print(f"{name:28s} {median:9.0f} {min(values):9.0f} {max(values):9.0f} {ours / median:6.2f} "
              f"{gflops:8.1f} {gflops / peak:7.2f}")
    print(f"sgemm peak, best of NumPy's and PyTorch's at 2048^3, {args.threads} threads: {peak:.0f} GFLOP/s")
    if args.output:
        with open(args.output, "w") as f:
            json.dump({
                "schema": 1,
                "benchmark": "cpu",
                "cpu": cpu_name(),
                "threads": args.threads,
                "platform": platform.platform(),
                "build": subprocess.run([args.largek, "info", "--format", "json"],
                                        capture_output=True, text=True).stdout.strip(),
                "rounds": args.rounds,
                "sgemm_peak_gflops": {k: statistics.median(v) for k, v in peaks.items() if v},
                "rows": table,
            }, f, indent=1)


def cpu_name():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown"


if __name__ == "__main__":
    main()
