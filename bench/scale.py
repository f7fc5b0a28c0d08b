#!/usr/bin/env python3
"""What a very large run costs in time, checkpoint traffic and merging: docs/scale.md.

    bench/scale.py measure BUILD FILE.json    measures the constants (BUILD has bench_scale)
    bench/scale.py table FILE.json            the tables of docs/scale.md, from the constants
        [--draws 1e15] [--gpus 1000] [--checkpoint-s 30] [--per-rank-0 8]

The rate of a GPU is a parameter: none has been measured.  Python 3 alone.
"""
import argparse
import json
import os
import subprocess
import tempfile

SIZES = [(400, 6), (10_000, 6), (100_000, 6), (100_000, 64)]
RATES = [("a CPU core, measured", None), ("1e6", 1e6), ("1e7", 1e7), ("1e8", 1e8), ("1e9", 1e9)]
CORES = 2
UNITS_MAX = 16384  # of a batch: src/engine/run.c
BATCH_S = 1.0  # src/cluster/lead.c


def bench(build, *words, ranks=0):
    command = [os.path.join(build, "bench_scale"), *map(str, words)]
    if ranks:
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] + command
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       LARGEK_PLUGIN_DIR=os.path.abspath(build))
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(out.stdout)


def measure(build, path):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "results", "cpu-zen5-2cores.json")) as f:
        cpu = json.load(f)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        files = [bench(build, "files", p, t, folder) for p, t in SIZES]
    constants = {
        "schema": 1,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "core_rate": cpu["rows"][0]["draws_per_s"] / cpu["threads"],
        "files": files,
        "report": [bench(build, "report", t) for t in (6, 64)],
        "ranks": [bench(build, "ranks", ranks=r) for r in (2, 3)],
    }
    with open(path, "w") as f:
        json.dump(constants, f, indent=1)
        f.write("\n")


def duration(seconds):
    for unit, size in (("years", 365.25 * 86400), ("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def size(value):
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{value:.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"
        value /= 1000


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |")


def head(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def table(c, draws, gpus, checkpoint_s, per_rank_0):
    rates = [(name, c["core_rate"] if rate is None else rate) for name, rate in RATES]
    shards = gpus // per_rank_0

    print(f"Time of {draws:.0e} draws, the GPUs always busy:\n")
    head("draws/s of one", "one of it", f"{gpus:,} of it")
    for name, rate in rates:
        shown = f"{rate:,.0f} ({name})" if name[0] == "a" else f"{rate:,.0f}"
        row(shown, duration(draws / rate), duration(draws / rate / gpus))

    print(f"\nFiles: {gpus:,} GPUs as {shards} shards of {per_rank_0}, a checkpoint every "
          f"{checkpoint_s:g} s:\n")
    head("problems x thresholds", "file", "write", "of a shard's time", "all shards' traffic",
         "traffic a day", "merge of all")
    for f in c["files"]:
        traffic = shards * f["file_bytes"] / checkpoint_s
        merge = shards * (f["read_s"] + f["add_s"]) + f["write_s"]
        row(f"{f['problems']:,} x {f['thresholds']}", size(f["file_bytes"]), duration(f["write_s"]),
            f"{100 * f['write_s'] / checkpoint_s:.2g} %", size(traffic) + "/s",
            size(86400 * traffic), duration(merge))

    print("\nMessages of a run under MPI, at most, a batch a second:\n")
    head("thresholds", "work, a unit", "report, a unit", f"{UNITS_MAX:,} units a batch")
    for r in c["report"]:
        total = UNITS_MAX * (r["work_bytes"] + r["report_bytes"]) / BATCH_S
        row(r["thresholds"], size(r["work_bytes"]), size(r["report_bytes"]), size(total) + "/s")

    print("\nMemory of a rank for its tallies, and of the targets of 784 pixels:\n")
    head("problems x thresholds", "tallies", "workload")
    for f in c["files"]:
        p, t = f["problems"], f["thresholds"]
        row(f"{p:,} x {t}", size(p * (3 + 2 * t + 256) * 8), size(p * (784 * 4 + 40 * 4 + 8 * t + 8)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("measure", "table"))
    parser.add_argument("words", nargs="+")
    parser.add_argument("--draws", type=float, default=1e15)
    parser.add_argument("--gpus", type=int, default=1000)
    parser.add_argument("--checkpoint-s", type=float, default=30.0)
    parser.add_argument("--per-rank-0", type=int, default=8)
    args = parser.parse_args()
    if args.what == "measure":
        measure(*args.words)
        return
    with open(args.words[0]) as f:
        table(json.load(f), args.draws, args.gpus, args.checkpoint_s, args.per_rank_0)


if __name__ == "__main__":
    main()
