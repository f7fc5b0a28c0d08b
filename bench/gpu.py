#!/usr/bin/env python3
"""The same work as `largek sample` on a GPU, as a researcher writes it in PyTorch.

    bench/gpu.py [--json FILE] [--quick]

Eager and torch.compile(mode="max-autotune"), in fp32 (TF32 off), TF32 and fp16 (weights and
activations in half, autocast off, sums of squares in fp32).  A step is a batch of draws of
one problem: normals, z = mu + T sigma eps, relu layer, sigmoid layer, squared errors,
successes at six thresholds added to counts on the device; the problem changes each step.
The batch is swept; each row is the median of at least 20 timings by CUDA events, of as
many steps as take some milliseconds.  No exactness is asked of a peer.
"""
import argparse
import json
import statistics
import sys
import time

import torch

LATENT, HIDDEN, PIXELS, PROBLEMS, THRESHOLDS = 20, 400, 784, 20, 6
FLOP = 2 * (LATENT * HIDDEN + HIDDEN * PIXELS)  # of the two products, a draw


class Work:
    """Random weights, as large as those of the checks, and counts."""

    def __init__(self, device, kind):
        g = torch.Generator(device="cpu").manual_seed(1)

        def normal(*shape):
            return torch.randn(*shape, generator=g).to(device=device, dtype=kind)

        self.w1 = normal(LATENT, HIDDEN) * (1.5 / LATENT**0.5)
        self.b1 = normal(HIDDEN) * 0.1
        self.w2 = normal(HIDDEN, PIXELS) * (1.5 / HIDDEN**0.5)
        self.b2 = normal(PIXELS) * 0.1
        self.mu = normal(PROBLEMS, LATENT)
        self.scale = 0.1 + 0.3 * normal(PROBLEMS, LATENT).abs()
        h = torch.relu(torch.addmm(self.b1, self.mu, self.w1))
        self.target = torch.sigmoid(torch.addmm(self.b2, h, self.w2))
        self.limit = torch.tensor([5.0, 10.0, 15.0, 25.0, 40.0, 80.0], device=device)
        self.counts = torch.zeros(PROBLEMS, THRESHOLDS, dtype=torch.int64, device=device)


def make_step(work, batch, kind):
    w1, b1, w2, b2, limit = work.w1, work.b1, work.w2, work.b2, work.limit

    def step(mu, scale, target):
        z = mu + scale * torch.randn(batch, LATENT, device=mu.device, dtype=kind)
        y = torch.sigmoid(torch.addmm(b2, torch.relu(torch.addmm(b1, z, w1)), w2))
        sse = (y - target).float().square().sum(1)
        return (sse[:, None] <= limit).sum(0)

    return step


def clock(device):
    """A pair of functions: a mark, and the seconds between two marks."""
    if device == "cpu":
        return time.perf_counter, lambda a, b: b - a

    def mark():
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def between(a, b):
        b.synchronize()
        return a.elapsed_time(b) / 1e3

    return mark, between


def measure(work, step, batch, device, repeats, least_s):
    """Draws a second: of `repeats` timings, each of at least least_s."""
    mark, between = clock(device)
    problem = 0

    def run(steps):
        nonlocal problem
        a = mark()
        for _ in range(steps):
            p = problem % PROBLEMS
            work.counts[p] += step(work.mu[p], work.scale[p], work.target[p])
            problem += 1
        return between(a, mark())

    run(3)  # compilation, tuning, caches
    if device != "cpu":
        torch.cuda.synchronize()
    steps = 1
    while run(steps) < least_s and steps < 4096:
        steps *= 2
    return [steps * batch / run(steps) for _ in range(repeats)]


def contenders(args):
    """(name, compiled, precision, kind, tf32)."""
    for precision, kind, tf32 in (
        ("fp32", torch.float32, False),
        ("tf32", torch.float32, True),
        ("fp16", torch.float16, False),
    ):
        yield f"eager {precision}", False, precision, kind, tf32
        if not args.no_compile:
            yield f"compile {precision}", True, precision, kind, tf32


def run_contender(args, deadline, name, compiled, precision, kind, tf32):
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    work = Work(args.device, kind)
    best = None
    for batch in args.batch:
        if best is not None and time.perf_counter() > deadline:
            best["swept"] = args.batch[: args.batch.index(batch)]
            break
        step = make_step(work, batch, kind)
        if compiled:
            torch._dynamo.reset()
            step = torch.compile(step, mode="max-autotune")
        try:
            rates = measure(work, step, batch, args.device, args.repeats, args.least)
        except RuntimeError as error:  # out of memory, or a compiler that gives up
            print(f"  {name}, batch {batch}: left out ({str(error).splitlines()[0]})", file=sys.stderr)
            continue
        row = {
            "kind": "peer",
            "name": name,
            "precision": precision,
            "batch": batch,
            "draws_per_s": statistics.median(rates),
            "draws_per_s_least": min(rates),
            "draws_per_s_most": max(rates),
            "repeats": len(rates),
            "tflops": statistics.median(rates) * FLOP / 1e12,
        }
        if best is None or row["draws_per_s"] > best["draws_per_s"]:
            best = row
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", help="write the rows here")
    parser.add_argument("--device", default="cuda", help="cpu: for a try without a GPU")
    parser.add_argument("--batch", type=lambda s: [int(b) for b in s.split(",")])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--least", type=float, default=0.02, help="seconds a timing, at least")
    parser.add_argument("--limit", type=float, default=200, help="seconds; no contender, nor another batch of one, starts later")
    parser.add_argument("--quick", action="store_true", help="one batch alone")
    parser.add_argument("--no-compile", action="store_true")
    args = parser.parse_args()
    if args.batch is None:
        args.batch = [65536] if args.quick else [65536, 262144, 16384]

    rows, start = [], time.perf_counter()
    with torch.inference_mode():
        for contender in contenders(args):
            if time.perf_counter() - start > args.limit:
                print(f"  {contender[0]}: left out, no time left", file=sys.stderr)
                rows.append({"kind": "peer", "name": contender[0], "left_out": "no time left"})
                continue
            row = run_contender(args, start + args.limit, *contender)
            if row is None:
                rows.append({"kind": "peer", "name": contender[0], "left_out": "failed"})
                continue
            rows.append(row)
            print(f"{row['name']:14s} batch {row['batch']:7d} {row['draws_per_s'] / 1e6:9.2f} M draws/s "
                  f"({row['draws_per_s_least'] / 1e6:.2f} to {row['draws_per_s_most'] / 1e6:.2f}) "
                  f"{row['tflops']:7.1f} TFLOP/s", flush=True)
    if args.json:
        with open(args.json, "w") as f:
            json.dump({"schema": 1, "torch": torch.__version__, "cuda": torch.version.cuda,
                       "rows": rows}, f)


if __name__ == "__main__":
    main()
