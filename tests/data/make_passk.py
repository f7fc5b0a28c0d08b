#!/usr/bin/env python3
"""make_passk.py - writes passk.csv: pass@k and -log(1 - pass@k), to 20 digits.

C(n-c,k)/C(n,k) by log-gamma in 80-digit arithmetic (mpmath), which leaves more than 40
digits after the cancellation at n = 2^53.  The grid has the corners where a formula in
floating point may lose its digits: c + k close to n, c or k close to either end or to one
half of n, and both sides of the 64 factors at which src/stats/passk.c changes its method.
"""
import csv
import random
import sys

from mpmath import expm1, loggamma, mp, nstr

mp.dps = 80


def log_failure(n, c, k):
    """-log C(n-c, k) / C(n, k), positive."""
    g = lambda x: loggamma(mp.mpf(x) + 1)
    return g(n) + g(n - c - k) - g(n - c) - g(n - k)


def grid():
    rng = random.Random(1)
    rows = [(200, 3, 10), (200, 65, 65), (130, 65, 65), (131, 65, 66), (10000, 122, 10),
            (10**9, 10**9 // 3, 10**9 // 3), (2**53, 2**52, 2**52), (2**53, 1, 1),
            (2**53, 2**52, 2**52 - 1), (2**53, 2**53 - 100, 90), (2**53, 10**7, 10**8)]
    for n in [10, 150, 1000, 10**4, 10**6, 10**9, 10**12, 10**15, 2**53]:
        for _ in range(9):  # anywhere, on a logarithmic scale
            c = min(n - 1, max(1, int(n ** rng.random())))
            rows.append((n, c, max(1, int((n - c) ** rng.random()))))
        for _ in range(4):  # the answer is of order one: c k near n
            c = max(1, int(n ** rng.random()))
            rows.append((n, c, max(1, min(n - c, int(3 * rng.random() * n / c)))))
        for rest in [0, 1, 20]:  # c + k close to n
            c = rng.randrange(1, n - 1)
            rows.append((n, c, max(1, n - c - rest)))
    return sorted(set(r for r in rows if r[1] + r[2] <= r[0]))


out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["n", "c", "k", "pass", "log_failure"])
for n, c, k in grid():
    x = log_failure(n, c, k)
    out.writerow([n, c, k, nstr(-expm1(-x), 20), nstr(x, 20)])
