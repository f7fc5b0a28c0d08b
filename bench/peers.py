#!/usr/bin/env python3
"""The same work as `largek sample`, as a researcher writes it in NumPy and in PyTorch.

    peers.py numpy|torch|torch-compile|gemm-numpy|gemm-torch --model M --data D [options]

Per batch of draws at one problem: normals, z = mu + T sigma eps, relu layer, sigmoid layer,
squared errors against the target, successes at six thresholds.  Prints one JSON object.
The encoder's outputs are computed beforehand and not timed.  No exactness is asked of a
peer: its counts are those of its own generator and rounding.
"""
import argparse
import gzip
import json
import struct
import time

import numpy as np

THRESHOLDS = [0.002, 0.003, 0.004, 0.006, 0.008, 0.01]


def read_model(path):
    """Tensors of a safetensors file, by name."""
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length))
        data = f.read()
    kinds = {"F32": np.float32, "F64": np.float64}
    return {
        name: np.frombuffer(data[v["data_offsets"][0] : v["data_offsets"][1]], kinds[v["dtype"]])
        .reshape(v["shape"])
        .astype(np.float32)
        for name, v in header.items()
        if name != "__metadata__"
    }


def read_images(path, count):
    with gzip.open(path, "rb") as f:
        f.read(16)
        return np.frombuffer(f.read(count * 784), np.uint8).reshape(count, 784) / np.float32(255)


def task(args):
    m = read_model(args.model)
    x = read_images(args.data, args.problems).astype(np.float32)
    h = np.maximum(x @ m["encoder.0.weight"].T + m["encoder.0.bias"], 0)
    mu = h @ m["mu.weight"].T + m["mu.bias"]
    sigma = np.exp((h @ m["logvar.weight"].T + m["logvar.bias"]) / 2)
    return m, x, mu.astype(np.float32), (1.1 * sigma).astype(np.float32)


def batches(args):
    """(problem, batch) pairs that make at least args.draws draws, every problem in turn."""
    for i in range(max(1, args.draws // args.batch)):
        yield i % args.problems


def run_numpy(args):
    m, x, mu, scale = task(args)
    w1, b1 = m["decoder.0.weight"].T.copy(), m["decoder.0.bias"]
    w2, b2 = m["decoder.2.weight"].T.copy(), m["decoder.2.bias"]
    limits = np.array(THRESHOLDS, np.float32) * 784
    rng = np.random.default_rng(1)
    counts = np.zeros((args.problems, 6), np.int64)
    draws, start = 0, time.perf_counter()
    for p in batches(args):
        z = mu[p] + scale[p] * rng.standard_normal((args.batch, 20), dtype=np.float32)
        h = np.maximum(z @ w1 + b1, 0)
        y = h @ w2
        y += b2
        np.negative(y, out=y)
        np.exp(y, out=y)
        y += 1
        np.reciprocal(y, out=y)
        y -= x[p]
        sse = np.einsum("ij,ij->i", y, y)
        counts[p] += (sse[:, None] <= limits).sum(0)
        draws += args.batch
    return draws, time.perf_counter() - start, counts


def run_torch(args, compile_it):
    import torch

    torch.set_num_threads(args.threads)
    m, x, mu, scale = [
        {k: torch.from_numpy(v.copy()) for k, v in part.items()} if isinstance(part, dict)
        else torch.from_numpy(part.copy())
        for part in task(args)
    ]
    w1, b1 = m["decoder.0.weight"].T.contiguous(), m["decoder.0.bias"]
    w2, b2 = m["decoder.2.weight"].T.contiguous(), m["decoder.2.bias"]
    limits = torch.tensor(THRESHOLDS) * 784

    def step(mu_p, scale_p, x_p):
        z = mu_p + scale_p * torch.randn(args.batch, 20)
        y = torch.sigmoid(torch.addmm(b2, torch.relu(torch.addmm(b1, z, w1)), w2))
        sse = ((y - x_p) ** 2).sum(1)
        return (sse[:, None] <= limits).sum(0)

    if compile_it:
        step = torch.compile(step)
    counts = torch.zeros(args.problems, 6, dtype=torch.int64)
    with torch.inference_mode():
        for _ in range(3):  # compilation and caches
            step(mu[0], scale[0], x[0])
        draws, start = 0, time.perf_counter()
        for p in batches(args):
            counts[p] += step(mu[p], scale[p], x[p])
            draws += args.batch
        seconds = time.perf_counter() - start
    return draws, seconds, counts.numpy()


def gemm_peak(multiply, make, n=2048, repeats=5):
    """GFLOP/s of the library's best square product."""
    a, b = make(n), make(n)
    multiply(a, b)
    best = 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        multiply(a, b)
        best = max(best, 2 * n**3 / (time.perf_counter() - start) / 1e9)
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what")
    parser.add_argument("--model")
    parser.add_argument("--data")
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--draws", type=int, default=1000000)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    if args.what == "gemm-numpy":
        rng = np.random.default_rng(1)
        peak = gemm_peak(np.matmul, lambda n: rng.standard_normal((n, n), dtype=np.float32))
        print(json.dumps({"gflops": peak, "version": np.__version__}))
        return
    if args.what == "gemm-torch":
        import torch

        torch.set_num_threads(args.threads)
        peak = gemm_peak(torch.matmul, lambda n: torch.randn(n, n))
        print(json.dumps({"gflops": peak, "version": torch.__version__}))
        return
    if args.what == "numpy":
        draws, seconds, counts = run_numpy(args)
    else:
        draws, seconds, counts = run_torch(args, args.what == "torch-compile")
    per_problem = draws / args.problems
    print(json.dumps({
        "draws": draws,
        "seconds": seconds,
        "draws_per_s": draws / seconds,
        "pass_at_1": [float(c) for c in counts.mean(0) / per_problem],
    }))


if __name__ == "__main__":
    main()
