#!/usr/bin/env python3
"""make_canonical.py - writes canonical.csv: what largek/canonical.h should give (needs mpmath).

    python3 tests/data/make_canonical.py >tests/data/canonical.csv

Each value is computed in 50 digits from the double x, and written as the nearest double
and what is left, so that a test can see errors below one half of a unit in the last place.
The first points of each function are where a dense search found it worst.
"""
import csv
import random
import sys

from mpmath import erfc, exp, expm1, mp, mpf, sqrt, tanh

mp.dps = 50

sigmoid = lambda x: 1 / (1 + exp(-x))
gelu = lambda x: x / 2 * erfc(-x / sqrt(mpf(2)))

# name, function, range, smallest |x| of the logarithmic part, worst points
FUNCTIONS = [
    ("exp", exp, -700, 700, 1e-9, ["-0x1.0eff6ebe5d8b8p+7", "0x1.677e49dfda08p-2"]),
    ("expm1", expm1, -700, 700, 1e-9, ["0x1.698f4a9b518p-2", "0x1.a36456c92428p-2"]),
    ("sigmoid", sigmoid, -700, 700, 1e-9, ["-0x1.2815ac1062cbp+5", "-0x1.8571852d705dp+3"]),
    ("tanh", tanh, -700, 700, 1e-9, ["-0x1.7152f328de4p-3", "-0x1.6cbb2a5d031p-3"]),
    ("silu", lambda x: x * sigmoid(x), -700, 700, 1e-9,
     ["-0x1.84ecedcdd40cp+7", "-0x1.13514b0826p-5"]),
    ("erfc", erfc, -26, 26, 1e-9,
     ["0x1.70717bb3da923p+0", "0x1.1b289ec79c8ap+3", "0x1.91fa61eba281p+4", "0x1.8p+0",
      "0x1.7ffffffffffffp+0"]),
    ("gelu", gelu, -37, 26, 1e-9,
     ["-0x1.fe13ec9eb4c2p+0", "-0x1.f8aeb3b2c874p+2", "-0x1.2707f9d9e3f52p+5"]),
]


def points(low, high, smallest, worst, rng):
    yield from (float.fromhex(x) for x in worst)
    yield from (float(low), float(high))
    for sign, end in ((-1, -low), (1, high)):
        for _ in range(20):
            yield sign * smallest * (end / smallest) ** rng.random()
    for _ in range(16):
        yield rng.uniform(max(low, -9), min(high, 9))


rng = random.Random(1)
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["function", "x", "value", "rest"])
for name, function, low, high, smallest, worst in FUNCTIONS:
    for x in points(low, high, smallest, worst, rng):
        value = function(mpf(x))
        out.writerow([name, x.hex(), float(value).hex(), float(value - float(value)).hex()])
