#!/usr/bin/env python3
"""Prints the polynomial coefficients of include/largek/stream.h (needs mpmath).

Each is a relative minimax fit by Remez exchange in 60 digits, its coefficients rounded
to float one by one from the lowest degree, the rest fitted again after each rounding.

    python3 scripts/stream_coefficients.py
"""
from mpmath import mp, mpf, log, sin, cos, pi, sqrt, lu_solve, matrix
import struct

mp.dps = 60


def to_float(x):
    return mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def remez(target, weight, lo, hi, degrees, fixed):
    """Fits sum c_d x^d to target(x) with error weight(x), c_d given in `fixed` kept."""
    free = [d for d in degrees if d not in fixed]
    n = len(free) + 1
    nodes = [(lo + hi) / 2 + (hi - lo) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    rest = lambda x: target(x) - sum(c * x**d for d, c in fixed.items())
    for _ in range(12):
        a = matrix(n, n)
        b = matrix(n, 1)
        for i, x in enumerate(nodes):
            for j, d in enumerate(free):
                a[i, j] = x**d
            a[i, n - 1] = (-1) ** i / weight(x)
            b[i] = rest(x)
        c = lu_solve(a, b)
        err = lambda x: (rest(x) - sum(c[j] * x**d for j, d in enumerate(free))) * weight(x)
        grid = [lo + (hi - lo) * mpf(i) / 600 for i in range(601)]
        values = [err(x) for x in grid]
        peaks, start = [], 0
        for i in range(1, 602):  # the largest error of each run of one sign
            if i == 601 or (values[i] > 0) != (values[start] > 0):
                peaks.append(max(range(start, i), key=lambda q: abs(values[q])))
                start = i
        if len(peaks) < n:
            break
        while len(peaks) > n:
            drop = 0 if abs(values[peaks[0]]) < abs(values[peaks[-1]]) else -1
            peaks.pop(drop)
        nodes = [grid[i] for i in peaks]
    return {d: c[j] for j, d in enumerate(free)}, max(abs(v) for v in values)


def rounded(name, target, weight, lo, hi, degrees):
    fixed = {}
    for d in degrees:
        c, _ = remez(target, weight, lo, hi, degrees, fixed)
        fixed[d] = to_float(c[d])
    err = lambda x: (target(x) - sum(c * x**d for d, c in fixed.items())) * weight(x)
    worst = max(abs(err(lo + (hi - lo) * mpf(i) / 2000)) for i in range(2001))
    print(f"{name}: relative error 2^{float(log(worst, 2)):.1f}")
    for d in degrees:
        print(f"  x^{d}: {float(fixed[d]).hex().replace('0000000p', 'p')}f")


eps = mpf(10) ** -30
# log1p(f) = f - f^2/2 + f^3 P(f) on [sqrt(1/2) - 1, sqrt(2) - 1]
P = lambda f: mpf(1) / 3 if abs(f) < mpf(10) ** -12 else (log(1 + f) - f + f * f / 2) / f**3
W = lambda f: abs(f) ** 3 / abs(log(1 + f)) if abs(f) > mpf(10) ** -12 else mpf(10) ** -24
rounded("log", P, lambda f: W(f) + mpf(10) ** -9, sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1, list(range(11)))
# sin(pi x / 2) = x (pi/2 + y S(y)), cos(pi x / 2) = 1 + y C(y), y = x^2 in [0, 1/4]
high = to_float(pi / 2)
print(f"pi/2 = {float(high).hex()}f + {float(to_float(pi / 2 - high)).hex()}f")
S = lambda y: (sin(pi * sqrt(y) / 2) / sqrt(y) - pi / 2) / y
rounded("sin", S, lambda y: y * sqrt(y) / sin(pi * sqrt(y) / 2), mpf(1) / 4000, mpf(1) / 4, [0, 1, 2, 3])
C = lambda y: (cos(pi * sqrt(y) / 2) - 1) / y
rounded("cos", C, lambda y: y / cos(pi * sqrt(y) / 2), mpf(1) / 4000, mpf(1) / 4, [0, 1, 2, 3])
