#!/usr/bin/env python3
"""Draws that `largek rare` saves against counting, per decade of the probability.

    largek rare -m out/vae.safetensors -d IMAGES --problems 0:400 -o out/rare.safetensors
    bench/rare.py out/rare.safetensors [--output bench/results/NAME.json]

An estimate with relative standard error r of a probability p would take (1 - p) / (p r^2)
draws of counting.  That is set against all draws that the estimate took, search and
adaptation among them; medians over the estimates of a decade that met their error.
The search's decodes and slopes run on the processor and are in the time, not in the draws.
"""
import argparse
import json
import math
import statistics
import struct


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, entry in head.items():
        if name == "__metadata__":
            continue
        first, end = (8 + size + at for at in entry["data_offsets"])
        kind = "d" if entry["dtype"] == "F64" else "q"
        tensors[name] = struct.unpack(f"<{(end - first) // 8}{kind}", data[first:end])
    return head["__metadata__"], tensors


def rows(tensors):
    """(decade, log10 of the draws saved, draws spent, draws of the estimate)"""
    cells = zip(*(tensors[name] for name in ("log_p", "rel_error", "spent", "draws", "status")))
    for log_p, error, spent, draws, status in cells:
        if status != 1 or error <= 0.0:  # ok, and not certain
            continue
        p = math.exp(log_p) if log_p > -700 else 0.0
        counting = math.log10(1 - p) - log_p / math.log(10) - 2 * math.log10(error)
        decade = math.ceil(-log_p / math.log(10))
        yield decade, counting - math.log10(spent), spent, draws


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--output", help="also write JSON here")
    args = parser.parse_args()
    metadata, tensors = read(args.file)
    decades = {}
    for decade, saved, spent, draws in rows(tensors):
        decades.setdefault(decade, []).append((saved, spent, draws))
    table = []
    print(f"{'p from':>8} {'to':>8} {'estimates':>9} {'draws':>10} {'of them final':>13} {'times fewer':>12}")
    for decade in sorted(decades):
        saved, spent, draws = (statistics.median(column) for column in zip(*decades[decade]))
        table.append(
            {
                "p_at_least": f"1e-{decade}",
                "estimates": len(decades[decade]),
                "draws_median": spent,
                "final_draws_median": draws,
                "log10_times_fewer_median": saved,
            }
        )
        print(
            f"{f'1e-{decade}':>8} {f'1e-{decade - 1}':>8} {len(decades[decade]):9d} {spent:10.0f} "
            f"{draws:13.0f} {10 ** saved:12.3g}"
        )
    if args.output:
        run = json.loads(metadata["largek.run"])
        with open(args.output, "w", encoding="utf-8") as file:
            json.dump({"run": run, "options": json.loads(metadata["largek.rare"]), "decades": table}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
