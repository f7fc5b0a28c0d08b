#!/usr/bin/env python3
"""make_interval.py - writes interval.csv: binomial intervals, to 20 digits.

The tails of the Beta distribution are integrated over t = logit(x), where the density is
log-concave, panel by panel outwards from t (Gauss-Legendre, 40 digits, mpmath), and
inverted by Newton's method: nothing in common with src/stats/beta.c.
"""
import csv
import sys

from mpmath import erfinv, exp, log, loggamma, mp, mpf, nstr, quad, sqrt

mp.dps = 40
END = mpf(10) ** -28


def tail(a, b, t, outwards):
    """The chance beyond t, and the density at t."""
    log_beta = loggamma(a) + loggamma(b) - loggamma(a + b)
    density = lambda s: exp(a * s - (a + b) * (log(1 + exp(s)) if s < 0 else
                                              s + log(1 + exp(-s))) - log_beta)
    total, at = mpf(0), t
    while True:
        x = 1 / (1 + exp(-at))
        slope, bend = abs(a - (a + b) * x), sqrt((a + b) * x * (1 - x))
        end = at + outwards * 2 / max(slope, bend)
        part = abs(quad(density, [at, end], method="gauss-legendre"))
        total, at = total + part, end
        inwards = (a - (a + b) * x) * outwards > 0
        if part < END * total and not inwards:
            return total, density(t)


def quantile(a, b, outwards, goal):
    """x with the chance `goal` below (outwards = -1) or above it (1)."""
    a, b, goal = mpf(a), mpf(b), mpf(goal)
    t = log(a / b)
    for _ in range(200):
        chance, density = tail(a, b, t, outwards)
        step = log(chance / goal) * chance / density * outwards
        t += step
        if abs(step) < mpf(10) ** -26:
            return 1 / (1 + exp(-t))
    raise ArithmeticError((a, b, goal))


def interval(method, n, c, level):
    goal = (1 - mpf(level)) / 2
    if method == "wilson":
        z = sqrt(2) * erfinv(1 - 2 * goal)
        mid, reach = c + z * z / 2, z * sqrt(mpf(c) * (n - c) / n + z * z / 4)
        return [(mid - reach) / (n + z * z) if c else 0,
                (mid + reach) / (n + z * z) if c < n else 1]
    half = mpf(1) / 2
    ends = [(c, n - c + 1), (c + 1, n - c)]
    if method == "jeffreys":
        ends = [(c + half, n - c + half)] * 2
    return [quantile(*ends[0], -1, goal) if c else 0,
            quantile(*ends[1], 1, goal) if c < n else 1]


CASES = [(1, 0), (1, 1), (2, 1), (10, 3), (200, 1), (200, 199), (10**4, 122),
         (10**5, 50000), (10**8, 0), (10**8, 1), (10**8, 10**4), (3 * 10**6, 999998),
         (3 * 10**6, 1000001), (10**9, 10**9 - 1), (10**9, 5 * 10**8), (10**12, 10**6),
         (10**15, 1), (10**15, 10**15), (2**53, 0), (2**53, 1), (2**53, 10**5),
         (2**53, 2**52), (2**53, 2**53 - 1)]
ROWS = [(n, c, level) for i, (n, c) in enumerate(CASES)
        for level in ["0.95", ["0.5", "0.999999"][i % 2]]]
ROWS += [(10**8, 2 * 10**6, "0.0001")]  # near the median

out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["method", "n", "c", "level", "lo", "hi"])
for n, c, level in ROWS:
    for method in ["clopper-pearson", "jeffreys", "wilson"]:
        ends = interval(method, n, c, float(level))  # the double that a program reads
        out.writerow([method, n, c, level] + [nstr(mpf(x), 20) for x in ends])
