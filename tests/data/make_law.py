#!/usr/bin/env python3
"""make_law.py - writes law.csv: log I_k and local exponents of laws, and log chances of
counts, to 20 digits.

Beta laws by log Gammas of 60 digits and more; the others by the series or integrals of their
definitions (Gauss-Legendre in pieces, 32 digits): nothing in common with src/stats.
"""
import csv
import sys

from mpmath import digamma, exp, expm1, inf, log, log1p, loggamma, mp, mpf, nstr
from mpmath.calculus.quadrature import GaussLegendre

mp.dps = 80
PIECES = 3


def cross(a, b, k):
    """log I_k of Beta(a, b)."""
    return loggamma(a + b) + loggamma(b + k) - loggamma(b) - loggamma(a + b + k)


def local(log_failure, fall):
    """-d log(-log(1 - I)) / d log k from log I and -d log I / d log k."""
    i = exp(log_failure)
    return fall * i / ((1 - i) * -log1p(-i)) if i > 0 else fall


def beta_rows(a, b, k):
    a, b, k = mpf(a), mpf(b), mpf(k)
    l = cross(a, b, k)
    return l, local(l, k * (digamma(a + b + k) - digamma(b + k)))


def choose(n, x):
    return loggamma(n + 1) - loggamma(x + 1) - loggamma(n - x + 1)


def beta_binomial(a, b, n, x):
    a, b, n, x = mpf(a), mpf(b), mpf(n), mpf(x)
    return (choose(n, x) + loggamma(a + x) + loggamma(b + n - x) - loggamma(a + b + n)
            + loggamma(a + b) - loggamma(a) - loggamma(b))


def over_logit(log_integrand, lo=-inf, hi=inf):
    """The integral of exp(log_integrand(s)) ds, log-concave but for flat parts, in pieces
    around its peak."""
    step, at = mpf(1), min(max(mpf(0), lo), hi)
    while step > mpf(10) ** -12:  # a climb good enough to find the peak
        here = log_integrand(at)
        for to in (min(at + step, hi), max(at - step, lo)):
            if log_integrand(to) > here:
                at, step = to, step * 4
                break
        else:
            step /= 4
    width = mpf(1)
    while any(log_integrand(at) - log_integrand(to) > 3
              for to in (at - width, at + width) if lo <= to <= hi):
        width /= 2
    top = log_integrand(at)
    total = mpf(0)
    for side in (-1, 1):
        a, wide = at, width
        while True:
            b = a + side * wide
            b = min(max(b, lo), hi)
            for i in range(PIECES):
                middle = a + (b - a) * (2 * i + 1) / (2 * PIECES)
                half = (b - a) / (2 * PIECES)
                total += abs(half) * sum(w * exp(log_integrand(middle + half * x) - top)
                                         for x, w in NODES)
            a, wide = b, wide * 2
            if b in (lo, hi) or log_integrand(b) - top < -62:
                break
    return top + log(total)


def log_q(s):
    return -log1p(exp(-s)) if s > 0 else s - log1p(exp(s))


def scaled(kind, a, b, c):
    """log density by s = logit q."""
    a, b, c = mpf(a), mpf(b), mpf(c)
    if kind == "beta":
        norm = loggamma(a + b) - loggamma(a) - loggamma(b)
        return lambda s: norm + a * log_q(s) + b * log_q(-s)
    return lambda s: (log(a * b) + a * log_q(s) + log_q(-s)
                      + (b - 1) * log(-expm1(a * log_q(s))))


def log_rest(c, s):
    """log(1 - c q)"""
    return log_q(-s) if c == 1 else log1p(-c * exp(log_q(s)))


def mixed(kind, a, b, c, n, x):
    c, n, x = mpf(c), mpf(n), mpf(x)
    density = scaled(kind, a, b, c)
    return over_logit(lambda s: density(s) + x * (log(c) + log_q(s))
                      + (n - x) * log_rest(c, s))


def mixed_pass(kind, a, b, c, k):
    c, k = mpf(c), mpf(k)
    density = scaled(kind, a, b, c)
    return over_logit(lambda s: density(s)
                      + log(-expm1(k * log_rest(c, s))))


out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["law", "param", "what", "n", "x", "value"])


def row(law, param, what, n, x, value):
    # parameters as the doubles that a program reads
    out.writerow([law, " ".join(param), what, n, x, nstr(value, 20)])


d = float
for a in ["0.001", "0.05", "0.35", "3", "1000"]:
    for b in ["0.001", "0.7", "5", "1000"]:
        for k in ["1", "100", "1000000", "1000000000000", "1000000000000000", "1e30"]:
            l, e = beta_rows(d(a), d(b), d(k))
            row("beta", [a, b], "log_failure", k, 0, l)
            row("beta", [a, b], "exponent", k, 0, e)
        for n, x in [(1, 0), (1, 1), (7, 3), (10**4, 0), (10**4, 1), (10**4, 122),
                     (10**4, 10**4), (10**8, 10**4), (10**12, 0), (10**12, 3),
                     (10**12, 5 * 10**11), (10**12, 10**12 - 1), (10**12, 10**12)]:
            row("beta", [a, b], "log_pmf", n, x, beta_binomial(d(a), d(b), n, x))
for a, b in [("1e8", "1e9"), ("1e-6", "1e12"), ("0.3", "1e7")]:
    for n, x in [(100, 7), (10**6, 0), (10**6, 90909), (10**12, 90909090909)]:
        row("beta", [a, b], "log_pmf", n, x, beta_binomial(d(a), d(b), n, x))
    l, e = beta_rows(d(a), d(b), 1)
    row("beta", [a, b], "log_failure", 1, 0, l)

mp.dps = 32
NODES = GaussLegendre(mp).get_nodes(-1, 1, degree=5, prec=mp.prec)
for law, kind in [("scaled-beta", "beta"), ("kumaraswamy", "kumaraswamy")]:
    for param in [["0.2", "3.5", "0.3"], ["0.05", "0.4", "1"], ["3", "40", "0.01"],
                  ["0.4", "5", "0.8"]]:
        a, b, c = map(d, param)
        for k in ["1", "100", "10000", "1e9", "1e15"]:
            i = mixed(kind, a, b, c, d(k), 0)
            l = i if exp(i) < 0.5 else log1p(-exp(mixed_pass(kind, a, b, c, d(k))))
            row(law, param, "log_failure", k, 0, l)
        for n, x in [(1, 0), (1, 1), (100, 3), (10**4, 0), (10**4, 50), (10**4, 2328),
                     (10**4, 10**4), (10**6, 1), (10**6, 77777), (10**6, 10**6)]:
            row(law, param, "log_pmf", n, x,
                mixed(kind, a, b, c, n, x) + choose(mpf(n), mpf(x)))
for k in ["1", "100", "1e6"]:
    for lam in ["0.2", "0.7"]:
        r = log((1 - mpf(d(lam))) / mpf(d(lam)))
        i = over_logit(lambda s: log_q(s) + log_q(-s) - r * exp(log_q(s))
                       + d(k) * log_q(-s)) + log(r / -expm1(-r))
        row("continuous-bernoulli", [lam], "log_failure", k, 0, i)
    for ends in [["0.01", "0.3"], ["0.001", "0.9"]]:
        a, b = mpf(d(ends[0])), mpf(d(ends[1]))
        i = over_logit(lambda s: log_q(-s) * (1 + d(k)), log(a / (1 - a)),
                       log(b / (1 - b))) - log(log(b / a))
        row("reciprocal", ends, "log_failure", k, 0, i)
    for ends in [["0", "0.3"], ["0.1", "0.11"], ["0.25", "1"], ["0", "1e-9"]]:
        a, b, kk = mpf(d(ends[0])), mpf(d(ends[1])), mpf(d(k))
        i = ((1 - a) ** (kk + 1) - (1 - b) ** (kk + 1)) / ((b - a) * (kk + 1))
        row("uniform", ends, "log_failure", k, 0, log(i))
