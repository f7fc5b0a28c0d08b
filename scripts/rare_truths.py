#!/usr/bin/env python3
"""rare_truths.py - exact success probabilities that tests/test_rare.c is held to.

    python3 -m venv venv && venv/bin/pip install mpmath
    venv/bin/python scripts/rare_truths.py >tests/data/rare_truths.csv

linear    S = sum over L1 coordinates of (a e - x)^2 + over L2 of (b e - x)^2, e ~ N(0, 1):
          a^2 and b^2 times noncentral chi-squares; p by Poisson mixtures of incomplete gamma
          functions and, where there are two kinds, numerical integration over the first.
modes     S = (e/a - 1)^2 for e > 0, (-e/b - 1)^2 for e < 0, plus three e^2: two regions, at a
          and at -b; p of each by integration over the radius of the three.

log_p is natural; 25 digits are computed and 17 printed.
"""
from mpmath import mp, mpf

mp.dps = 25


def chi2_cdf(x, dof, noncentral):
    """P(X <= x): sum over j of Poisson(j; nc/2) P(dof/2 + j, x/2).

    P(s + j, y) = sum over i >= j of y^(s+i) e^-y / Gamma(s+i+1), all terms positive.
    """
    if x <= 0:
        return mpf(0)
    half, s, y = mpf(noncentral) / 2, mpf(dof) / 2, mpf(x) / 2
    terms = int(3 * (half * y) ** 0.5 + 3 * y) + 60
    gamma = [mp.exp(s * mp.log(y) - y) / mp.gamma(s + 1)]
    for i in range(1, terms):
        gamma.append(gamma[-1] * y / (s + i))
    for i in range(terms - 1, 0, -1):
        gamma[i - 1] += gamma[i]
    total, weight = mpf(0), mp.exp(-half)
    for j in range(terms):
        total += weight * gamma[j]
        weight *= half / (j + 1)
    return total


def chi2_pdf(x, dof, noncentral):
    half = mpf(noncentral) / 2
    return (
        mp.exp(-(x + noncentral) / 2)
        / 2
        * mp.hyp0f1(mpf(dof) / 2, half * x / 2)
        * (x / 2) ** (mpf(dof) / 2 - 1)
        / mp.gamma(mpf(dof) / 2)
    )


def linear(l1, l2, a, b, x, limit):
    a, b, x = mpf(a), mpf(b), mpf(x)
    nc1, nc2 = l1 * (x / a) ** 2, l2 * (x / b) ** 2
    if l2 == 0:
        return chi2_cdf(limit / a**2, l1, nc1)
    most = mpf(limit) / a**2

    def inside(v):  # v = sqrt(u): smooth at 0
        u = v * v
        return 2 * v * chi2_pdf(u, l1, nc1) * chi2_cdf((limit - a * a * u) / b**2, l2, nc2)

    end = mp.sqrt(most)
    return mp.quad(inside, [0, end / 4, end / 2, 3 * end / 4, end])


def modes(a, b, limit):
    a, b = mpf(a), mpf(b)

    def side(at):
        def inside(r):
            d = mp.sqrt(limit - r * r)
            near = mp.ncdf(-at * (1 - d)) - mp.ncdf(-at * (1 + d))
            return mp.sqrt(2 / mp.pi) * r * r * mp.exp(-r * r / 2) * near

        return mp.quad(inside, [0, mp.sqrt(limit) / 2, mp.sqrt(limit)])

    return side(a), side(b)


print("kind,l1,l2,a,b,x,limit,log_p,log_minor")
for l1, l2, a, b, x, limits in [
    (2, 0, 1, 1, 9, ["160", "100", "40", "10", "1", "1e-4"]),
    (3, 2, "0.5", "2", "1.5", ["20", "5", "1", "0.1", "1e-3"]),
    (5, 0, 1, 1, 4, ["80", "60", "36", "20", "5", "0.2", "1e-3"]),
    (12, 8, "0.75", "0.25", 1, ["20", "16", "12", "8", "3"]),
    (32, 0, 1, 1, "1.25", ["80", "50", "30", "15", "6"]),
]:
    for limit in limits:
        p = linear(l1, l2, a, b, x, mpf(limit))
        print(f"linear,{l1},{l2},{a},{b},{x},{limit},{mp.nstr(mp.log(p), 17)},", flush=True)
for a, b in [(3, 3), ("2.25", "3.78125"), (5, 5)]:
    for limit in ["0.04", "0.001"]:
        one, two = modes(a, b, mpf(limit))
        minor = mp.log(min(one, two) / (one + two))
        print(
            f"modes,1,3,{a},{b},1,{limit},{mp.nstr(mp.log(one + two), 17)},"
            f"{mp.nstr(minor, 10)}",
            flush=True,
        )
