#!/usr/bin/env python3
"""make_metric.py - writes metric.csv: hypergeometric tails and posteriors, to 20 digits.

    tail      P(X >= m)           of k attempts out of n, c of the n being successes
    excess    E[(X - m)^+]        the same X
    mean, sd  of 1 - (1-p)^k      after c successes in n attempts, p uniform before

Everything in whole numbers as far as it goes: tails by adding up exact fractions, or,
where there are too many terms, 60-digit terms of which each follows from the one before;
posteriors by log-gamma in 120-digit arithmetic, which leaves more than 60 digits after
every cancellation.
"""
import csv
import random
import sys
from fractions import Fraction
from math import comb, isqrt

from mpmath import exp, expm1, loggamma, mp, mpf, nstr, sqrt

mp.dps = 60
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["what", "n", "c", "k", "m", "value"])


def small(n, c, k, m):
    total = comb(n, k)
    p = {x: Fraction(comb(c, x) * comb(n - c, k - x), total)
         for x in range(max(0, k - (n - c)), min(c, k) + 1)}
    tail = sum((q for x, q in p.items() if x >= m), Fraction(0))
    excess = sum(((x - m) * q for x, q in p.items() if x > m), Fraction(0))
    for what, value in ("tail", tail), ("excess", excess):
        out.writerow([what, n, c, k, m, nstr(mpf(value.numerator) / value.denominator, 20)])


def log_pmf(n, c, k, x):
    def choose(a, b):
        return loggamma(mpf(a) + 1) - loggamma(mpf(b) + 1) - loggamma(mpf(a - b) + 1)
    return choose(c, x) + choose(n - c, k - x) - choose(n, k)


def large(n, c, k, z):
    """The tail z standard deviations above the mean."""
    sd = sqrt(mpf(k) * c * (n - c) * (n - k) / n / n / (n - 1))
    m = int(mpf(c) * k / n + z * sd)
    if not max(0, k - (n - c)) < m <= min(c, k):
        return
    lower = z < 0
    step = -1 if lower else 1
    x = m - 1 if lower else m
    p = exp(log_pmf(n, c, k, x))
    tail = excess = mpf(0)
    while p > 0 and (p > tail * mpf(10) ** -25 or excess == 0):
        tail += p
        excess += p * abs(x - m)
        if lower:
            p *= mpf(x) * (n - c - k + x) / (mpf(c - x + 1) * (k - x + 1))
        else:
            p *= mpf(c - x) * (k - x) / (mpf(x + 1) * (n - c - k + x + 1))
        x += step
    if lower:
        excess += mpf(c) * k / n - m
        tail = 1 - tail
    out.writerow(["tail", n, c, k, m, nstr(tail, 20)])
    out.writerow(["excess", n, c, k, m, nstr(excess, 20)])


def posterior(n, c, k):
    a, b = mpf(c + 1), mpf(n - c + 1)
    g = loggamma
    m = lambda j: g(b + j) + g(a + b) - g(b) - g(a + b + j)
    one, two = m(k), m(2 * k)
    sd = exp(one) * sqrt(expm1(two - 2 * one))
    out.writerow(["mean", n, c, k, 0, nstr(-expm1(one), 20)])
    out.writerow(["sd", n, c, k, 0, nstr(sd, 20)])


rng = random.Random(1)
for n in [1, 2, 5, 13, 40, 100, 1000]:
    for _ in range(6):
        c, k = rng.randint(0, n), rng.randint(1, n)
        small(n, c, k, rng.randint(0, min(k, c + 2)))
for n, c, k in [(10**4, 5000, 5000), (10**6, 3, 10**5), (10**6, 400000, 10**5),
                (4 * 10**8, 10**8, 2 * 10**8), (10**10, 5 * 10**9, 10**9),
                (2**53, 2**52, 10**8), (2**53, 2**53 - 10**9, 2**52)]:
    for z in [-9, -1, 0.01, 6, 25]:
        if n > 10**10 and z in (-1, 25):
            continue
        large(n, c, k, mpf(z))
mp.dps = 120
for n in [1, 5, 100, 10**4, 10**6, 10**9, 10**12, 2**52]:
    for c in sorted({0, 1, min(n, 30), isqrt(n), n // 2, n - 1, n}):
        for k in [1, 2, 10, 5000, 10**6, 10**9, 2**52, 2**60]:
            if rng.random() < 0.35 or k == 1:
                posterior(n, c, k)
