#!/usr/bin/env python3
"""Time of maximum-likelihood fits to success counts: `largek fit` beside SciPy, in one run.

    bench/fit.sh counts.csv            sets up SciPy, then runs this

Both fit the same law to the same counts of every model, in turn, round after round.
largek is timed as a whole process, with profile-likelihood intervals and without; SciPy is
timed inside its loop and finds the estimates alone:

    beta-binomial           minimize(-sum betabinom.logpmf), Nelder-Mead in the logarithms
    kumaraswamy-binomial    the same over scipy.integrate.quad of the mixture, each different
                            count once, the scale fixed by the rule (P+1)/P max c/n

The negative log-likelihoods that both find are printed: whoever has the smaller is right.
"""
import argparse
import csv
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import Counter

import numpy as np
from scipy import integrate, optimize, special, stats


def read(path):
    models = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            models.setdefault(row["model"], []).append((int(row["n"]), int(row["c"])))
    return models


def scipy_beta_binomial(counts):
    n, c = np.array(counts).T

    def nll(u):
        return -stats.betabinom.logpmf(c, n, *np.exp(u)).sum()

    best = optimize.minimize(nll, [math.log(0.3), math.log(5.0)], method="Nelder-Mead",
                             options={"xatol": 1e-6, "fatol": 1e-8})
    return best.fun


def log_kumaraswamy_binomial(n, x, a, b, scale):
    """By quadrature over the logit of q, around the peak of the integrand."""
    choose = (special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1))

    def log_f(s):
        log_q = -np.logaddexp(0.0, -s)
        p = scale * np.exp(log_q)
        return (math.log(a * b) + a * log_q - np.logaddexp(0.0, s)
                + (b - 1.0) * np.log(-np.expm1(a * log_q))
                + x * (math.log(scale) + log_q) + (n - x) * np.log1p(-p))

    grid = np.linspace(-40.0, 15.0, 1101)
    with np.errstate(divide="ignore"):
        values = log_f(grid)
    peak = grid[np.argmax(values)]
    top = values.max()
    total = 0.0
    for lo, hi in ((-60.0, peak - 2), (peak - 2, peak), (peak, peak + 2), (peak + 2, 20.0)):
        total += integrate.quad(lambda s: np.exp(log_f(s) - top), lo, hi, limit=200,
                                epsabs=1e-13, epsrel=1e-10)[0]
    return choose + top + math.log(total)


def scipy_kumaraswamy_binomial(counts):
    scale = min(1.0, (len(counts) + 1) / len(counts) * max(c / n for n, c in counts))
    times = Counter(counts)

    def nll(u):
        a, b = np.exp(u)
        return -sum(k * log_kumaraswamy_binomial(n, x, a, b, scale)
                    for (n, x), k in times.items())

    best = optimize.minimize(nll, [math.log(0.3), math.log(2.0)], method="Nelder-Mead",
                             options={"xatol": 1e-4, "fatol": 1e-5})
    return best.fun


def largek(args, law, interval):
    command = [args.largek, "fit", args.counts, "--group", "model", "--law", law, "--scale",
               "rule", "--interval", interval, "--format", "json", "--quiet"]
    start = time.perf_counter()
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds = time.perf_counter() - start
    return seconds, {row["group"]["model"]: row["nll"] for row in json.loads(out)["rows"]}


def measure(args, models, law, fit):
    rounds = {"scipy": [], "largek": [], "largek_intervals": []}
    nll = {"scipy": {}, "largek": {}}
    for _ in range(args.rounds):
        start = time.perf_counter()
        for model, counts in models.items():
            nll["scipy"][model] = float(fit(counts))
        rounds["scipy"].append(time.perf_counter() - start)
        seconds, nll["largek"] = largek(args, law, "none")
        rounds["largek"].append(seconds)
        rounds["largek_intervals"].append(largek(args, law, "profile")[0])
    return {"law": law, "seconds": rounds, "nll": nll}


def show(result, models):
    print(f"\n{result['law']}, {models} models: seconds for all of them")
    for name, seconds in result["seconds"].items():
        print(f"  {name:18} {statistics.median(seconds):9.4f}   "
              f"({min(seconds):.4f} to {max(seconds):.4f})")
    ours, theirs = result["nll"]["largek"], result["nll"]["scipy"]
    for model in ours:
        print(f"  {model:18} nll {ours[model]:.6f}, SciPy {theirs[model]:.6f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largek", default="build/largek")
    parser.add_argument("--counts", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output")
    args = parser.parse_args()
    models = read(args.counts)
    results = []
    for law, fit in (("beta-binomial", scipy_beta_binomial),
                     ("kumaraswamy-binomial", scipy_kumaraswamy_binomial)):
        results.append(measure(args, models, law, fit))
        show(results[-1], len(models))
    if args.output:
        with open(args.output, "w") as file:
            json.dump({"machine": platform.processor() or platform.machine(),
                       "cpus": os.cpu_count(), "python": platform.python_version(),
                       "results": results}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
