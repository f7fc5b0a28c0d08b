#!/usr/bin/env python3
"""What a very large run costs in time, checkpoint traffic and merging: docs/scale.md.

    bench/scale.py measure BUILD FILE.json     measures the constants (BUILD has bench_scale)
    bench/scale.py table FILE.json             prints the tables
        [--checkpoint-s 30]
    bench/scale.py docs FILE.json scale.md     puts them between the document's markers
    bench/scale.py check FILE.json scale.md    exit 1 where the document has others

The rate of a GPU is a parameter: none has been measured.  Python 3 alone.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

SIZES = [(400, 6), (10_000, 6), (100_000, 6), (100_000, 64)]
DRAWS, GPUS, SHARDS = 1e15, 1000, 125  # of the plan: what is measured depends on them
MERGED = 400  # problems that are merged to measure it; more take as much longer
RATES = [1e6, 1e7, 1e8, 1e9]
UNITS_MAX = 16384  # of a batch: src/engine/run.c
BINS = 256
LATENT, PIXELS = 20, 784
BEGIN, END = "<!-- bench/scale.py -->\n", "<!-- end -->\n"


def bench(build, *words, ranks=0):
    command = [os.path.join(build, "bench_scale"), *map(str, words)]
    if ranks:
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] + command
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       LARGEK_PLUGIN_DIR=os.path.abspath(build))
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(out.stdout)


def measure(build, path):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "results", "cpu-zen5-2cores.json"), encoding="utf-8") as f:
        cpu = json.load(f)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=".") as folder:
        files = [bench(build, "file", p, t, int(DRAWS / p), SHARDS, folder) for p, t in SIZES]
    constants = {
        "schema": 1,
        "cores": os.cpu_count(),
        "load_before": load,
        "core_rate": cpu["rows"][0]["draws_per_s"] / cpu["threads"],
        "files": files,
        "merges": [bench(build, "merge", min(p, MERGED), t, int(DRAWS / p), SHARDS)
                   for p, t in SIZES],
        "report": [bench(build, "report", t) for t in (6, 64)],
        "ranks": [bench(build, "ranks", ranks=r) for r in (2, 3)],
    }
    with open(path, "w", encoding="utf-8") as f:
        json.dump(constants, f, indent=1)
        f.write("\n")


def duration(seconds):
    for unit, length in (("years", 365.25 * 86400), ("days", 86400), ("h", 3600), ("min", 60),
                         ("s", 1), ("ms", 1e-3)):
        if seconds >= length:
            break
    return f"{seconds / length:,.3g} {unit}" if seconds < 1000 * length else \
        f"{seconds / length:,.0f} {unit}"


def size(value):
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{value:.3g} {unit}"
        value /= 1000
    return ""


def row(*cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def head(*cells):
    return [row(*cells), row(*["---"] * len(cells))]


def times(c):
    lines = [f"Time of {DRAWS:.0e} draws:", ""]
    lines += head("draws/s of one device", "one", f"{GPUS:,}")
    rates = [(f"{c['core_rate']:,.0f} (a CPU core, measured)", c["core_rate"])]
    rates += [(f"{r:,.0f}", r) for r in RATES]
    return lines + [row(n, duration(DRAWS / r), duration(DRAWS / r / GPUS)) for n, r in rates]


def files(c, a):
    lines = [f"Files, with {SHARDS} shards of {GPUS // SHARDS} devices, a checkpoint every "
             f"{a.checkpoint_s:g} s:", ""]
    lines += head("problems x thresholds", "ranges a problem", "a file", "its writing",
                  "of a shard's time", "traffic of all", "merge of all", "ranges on the way")
    for f, m in zip(c["files"], c["merges"]):
        larger = f["problems"] / m["problems"]
        merge = SHARDS * (f["read_s"] + larger * m["add_s"]) + f["write_s"]
        lines.append(row(f"{f['problems']:,} x {f['thresholds']}", f["ranges"],
                         size(f["file_bytes"]), duration(f["write_s"]),
                         f"{100 * f['write_s'] / a.checkpoint_s:.2g} %",
                         size(SHARDS * f["file_bytes"] / a.checkpoint_s) + "/s",
                         duration(merge), size(16 * f["problems"] * m["ranges_most"])))
    return lines


def messages(c):
    lines = [f"Messages under MPI, a batch a second of at most {UNITS_MAX:,} units:", ""]
    lines += head("thresholds", "work, a unit", "report, a problem", "at most",
                  "all at most")
    for r in c["report"]:
        most = (16 + 2 * r["thresholds"] + 2 * BINS) * 8  # src/cluster/labour.c
        lines.append(row(r["thresholds"], size(r["work_bytes"]), size(r["report_bytes"]), size(most),
                         size(UNITS_MAX * (r["work_bytes"] + most)) + "/s"))
    lines += [""] + head("ranks here", "workload sent, devices open", "a question to all")
    return lines + [row(r["ranks"], duration(r["open_s"]), duration(r["question_s"]))
                    for r in c["ranks"]]


def memory(c):
    lines = ["Memory of a rank, for any number of draws:", ""]
    lines += head("problems x thresholds", "tallies", "workload")
    for f in c["files"]:
        p, t = f["problems"], f["thresholds"]
        lines.append(row(f"{p:,} x {t}", size(p * (3 + 2 * t + BINS) * 8),
                         size(p * (4 * PIXELS + 8 * LATENT + 8 * t + 8))))
    return lines


def tables(c, a):
    parts = [times(c), files(c, a), messages(c), memory(c)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("measure", "table", "docs", "check"))
    parser.add_argument("words", nargs="+")
    parser.add_argument("--checkpoint-s", type=float, default=30.0)
    a = parser.parse_args()
    if a.what == "measure":
        measure(*a.words)
        return 0
    with open(a.words[0], encoding="utf-8") as f:
        text = tables(json.load(f), a)
    if a.what == "table":
        print(text, end="")
        return 0
    with open(a.words[1], encoding="utf-8") as f:
        old = f.read()
    before, rest = old.split(BEGIN)
    new = before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1]
    if a.what == "docs":
        with open(a.words[1], "w", encoding="utf-8") as f:
            f.write(new)
        return 0
    if new != old:
        print(f"{a.words[1]}: other numbers than {a.words[0]}: bench/scale.py docs", file=sys.stderr)
    return int(new != old)


if __name__ == "__main__":
    sys.exit(main())
